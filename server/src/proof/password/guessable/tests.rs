mod generated;
mod lists;
mod source;

use proptest::prelude::*;

use super::*;

/// What zxcvbn says of each window, without a word from `cover`.
fn asked_only(password: &str, username: Option<&Username>) -> bool {
    let known = known(username);
    let chars: Vec<char> = password.chars().collect();
    chars.chunks(WINDOW_CHARS).take(MAX_WINDOWS).all(|window| is_weak(window, &known))
}

fn username() -> Username {
    Username::parse("guybrush.threepwood").unwrap()
}

/// Fails if the answer is not zxcvbn's.
fn assert_same(password: &str) {
    let username = Some(&username());
    let [is, must] = [is_guessable, asked_only].map(|check| check(password, username));
    assert_eq!(is, must, "{password:?}, {} characters", password.chars().count());
}

/// Whether zxcvbn need not be asked about the first window.
fn is_settled(password: &str) -> bool {
    let window: Vec<char> = password.chars().take(WINDOW_CHARS).collect();
    cover::is_impossible(&window, &known(Some(&username())))
}

#[test]
fn good_passwords_are_accepted_without_zxcvbn() {
    for good in [
        "correct horse battery staple",
        "tulip anvil copper midnight",
        "мой дядя самых честных правил",
        "7Kx!mP2$vQ9@zR4",
        "hVn3kQx8wTz5bYr2mJc",
        "3f9c2e71-5d80-4b6a-9c1e-7a2d8f40b6c3",
        "🦀 crabs walk sideways 🦀",
    ] {
        assert!(is_settled(good), "{good}");
        assert_same(good);
    }
}

#[test]
fn one_match_or_two_are_for_zxcvbn_to_judge() {
    for perhaps in [
        "basketball12345",
        "B4$k3+8a11tulip",
        "llabteksabtulip",
        "northwest",
        "qwertyuiopzxcvbnm",
        "pyfgcrlaoeuidhtns",
        "acegikmoq11/11/1991",
        "copper,copper,elephants",
        "guybrush.threepwood",
        "guybrush.thr33pw00d!?!",
        "ab1aab1aab1aab1a",
        // In lower case it has a character more.
        "İcorrect horse battery",
    ] {
        assert!(!is_settled(perhaps), "{perhaps}");
        assert_same(perhaps);
    }
}

/// The list is zxcvbn's, so another version of it may need another filter.
#[test]
fn the_filter_has_all_words_that_zxcvbn_knows() {
    let mut bits = vec![0; words::BYTES];
    for word in source::words().iter().filter(|word| word.len() > cover::MAX_UNMATCHED) {
        assert!(word.is_ascii() && word.len() <= WINDOW_CHARS, "{word}");
        for bit in words::bits_of(cover::canonical(word).into_iter()) {
            bits[bit / 8] |= 1 << (bit % 8);
        }
    }
    if bits != words::BITS {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/words.bin");
        std::fs::write(file, bits).unwrap();
        panic!("zxcvbn has other words; copy {file} to src/proof/password/guessable");
    }
}

#[test]
fn what_zxcvbn_holds_for_neighbours_is_beside_each_other() {
    let neighbours = source::neighbours();
    assert!(neighbours.len() > 1500, "{}", neighbours.len());
    for (key, other) in neighbours {
        assert!(keyboard::are_beside(key, other), "{key} {other}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_answer_is_zxcvbns(password in generated::password()) {
        assert_same(&password);
    }
}
