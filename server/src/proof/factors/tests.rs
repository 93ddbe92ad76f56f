use super::recovery::{hash, parse};
use super::*;
use crate::keys::Algorithm;
use crate::store::{Totp, UserId};

fn factors() -> Factors {
    Factors::new(Arc::new(KeyRing::in_memory(Algorithm::EdDSA).unwrap()), None)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// A new secret, and what an authenticator app shows at a time.
fn made(factors: &Factors, user: UserId) -> (Totp, impl Fn(i64) -> Secret) {
    let sealer = factors.secrets().unwrap();
    let (shown, totp) = new_totp(&sealer, user, ("login.example", "Ada"), at(0)).unwrap();
    let app = totp_rs::Totp::from_url(shown.uri.expose()).unwrap();
    assert_eq!(app.secret().to_base32(), shown.secret.expose());
    (totp, move |time: i64| app.generate(time.unsigned_abs()).to_string().as_str().into())
}

fn step(factors: &Factors, user: UserId, totp: &Totp, code: &Secret, now: i64) -> Option<u64> {
    totp::step(&factors.secrets().unwrap(), user, totp, code, at(now))
}

#[test]
fn a_code_of_the_last_this_and_the_next_step_counts() {
    let (factors, user) = (factors(), UserId::new(at(0)));
    let (totp, app) = made(&factors, user);
    for (shown, counts) in
        [(900, false), (929, false), (930, true), (960, true), (1019, true), (1020, false)]
    {
        let found = step(&factors, user, &totp, &app(shown), 960);
        assert_eq!(found, counts.then_some(shown.unsigned_abs() / 30), "the code of {shown} s");
    }
}

#[test]
fn a_code_is_six_ascii_digits_whatever_the_spaces() {
    let (factors, user) = (factors(), UserId::new(at(0)));
    let (totp, app) = made(&factors, user);
    let code = app(60);
    let (left, right) = code.expose().split_at(3);
    let spaced = format!(" {left} {right}").as_str().into();
    assert!(step(&factors, user, &totp, &spaced, 60).is_some());
    // Arabic digits, which Unicode calls digits, too.
    let arabic = |digit: char| char::from_u32(0x660 + digit.to_digit(10).unwrap()).unwrap();
    let arabic: String = code.expose().chars().map(arabic).collect();
    let (long, short) = (format!("{}0", code.expose()), code.expose()[1..].to_owned());
    for bad in [&*arabic, &long, &short, "", "abcdef", "12345\u{0}", "-12345"] {
        assert_eq!(step(&factors, user, &totp, &bad.into(), 60), None, "{bad:?}");
    }
}

#[test]
fn a_secret_is_of_one_user_and_of_one_key() {
    let (factors, user) = (factors(), UserId::new(at(0)));
    let (totp, app) = made(&factors, user);
    let of = |factors: &Factors, user| {
        totp::step(&factors.secrets().unwrap(), user, &totp, &app(60), at(60))
    };
    assert!(of(&factors, user).is_some());
    assert_eq!(of(&factors, UserId::new(at(1))), None, "moved to another user");
    assert_eq!(of(&self::factors(), user), None, "another key");
    assert!(!format!("{totp:?}").contains("sealed: Sealed"), "{totp:?}");
}

#[test]
fn a_name_with_a_colon_makes_a_uri_that_apps_can_read() {
    let sealer = factors().secrets().unwrap();
    let names = ("http://a:1", "a:b c&d=e/ü");
    let (shown, _) = new_totp(&sealer, UserId::new(at(0)), names, at(0)).unwrap();
    let app = totp_rs::Totp::from_url(shown.uri.expose()).unwrap();
    assert_eq!(app.account_name(), "a b c&d=e/ü");
    assert!(shown.qr_svg.expose().contains("<svg"));
}

#[test]
fn ten_recovery_codes_are_all_different_and_are_read_as_people_type_them() {
    let (codes, stored) = new_codes().unwrap();
    assert_eq!((codes.len(), stored.len()), (10, 10));
    for (code, stored) in codes.iter().zip(&stored) {
        let text = code.expose();
        assert_eq!(text.len(), 19);
        let typed =
            [text.to_owned(), text.to_uppercase(), text.replace('-', ""), text.replace('-', " ")];
        for typed in typed {
            assert_eq!(parse(&typed.as_str().into()).map(|code| hash(&code)), Some(*stored));
        }
    }
    assert!((0..10).all(|n| !stored[..n].contains(&stored[n])));
    for bad in ["", "abcd-efgh-ijkl-mno", "abcd-efgh-ijkl-mnop-q", "0000-0000-0000-0000", "äbcd"] {
        assert_eq!(parse(&bad.into()), None, "{bad:?}");
    }
}

#[test]
fn a_challenge_is_read_until_it_expires_and_by_its_own_key() {
    let factors = factors();
    let sealer = factors.challenges().unwrap();
    let user = UserId::new(at(0));
    let shown = SignInChallenge { user, version: 3, renewed: Some("hash".into()), asked: None };
    let text = seal(shown, &sealer, at(0)).unwrap();
    let opened = OpenChallenge::<SignInChallenge>::read(&sealer, &text, at(299)).unwrap();
    assert_eq!((opened.contents.user, opened.contents.version), (user, 3));
    assert!(OpenChallenge::<SignInChallenge>::read(&sealer, &text, at(300)).is_none());
    let other = self::factors().challenges().unwrap();
    assert!(OpenChallenge::<SignInChallenge>::read(&other, &text, at(0)).is_none());
    // Whoever has the keys of before a reset makes no challenge after it, and secrets stay good.
    let (totp, app) = made(&factors, user);
    factors.keys.reset(at(1)).unwrap();
    assert!(
        OpenChallenge::<SignInChallenge>::read(&factors.challenges().unwrap(), &text, at(1))
            .is_none()
    );
    assert!(step(&factors, user, &totp, &app(60), 60).is_some());
    for at_byte in 0..text.expose().len() {
        let mut changed = text.expose().to_owned().into_bytes();
        changed[at_byte] = if changed[at_byte] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(
            OpenChallenge::<SignInChallenge>::read(&sealer, &changed.into(), at(0)).is_none(),
            "{at_byte}"
        );
    }
    for bad in ["", "AAAA", "not base64!"] {
        assert!(
            OpenChallenge::<SignInChallenge>::read(&sealer, &bad.into(), at(0)).is_none(),
            "{bad:?}"
        );
    }
}
