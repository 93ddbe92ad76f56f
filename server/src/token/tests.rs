use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::*;
use crate::store::UserId;

const ISSUER: &str = "https://login.example";
const AUDIENCE: &str = "hallpass";
const TTL: Duration = Duration::from_secs(900);
const NOW: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn tokens() -> Tokens {
    Tokens::new(SigningKey::generate().unwrap(), ISSUER.to_owned(), AUDIENCE.to_owned(), TTL)
}

fn user() -> User {
    User {
        id: UserId::new(at(NOW)),
        username: "Ada".to_owned(),
        username_key: "ada".to_owned(),
        password_hash: "".into(),
        roles: vec!["admin".to_owned()],
        disabled: false,
        created_at: at(NOW),
    }
}

fn claims(tokens: &Tokens) -> Value {
    let token = tokens.sign(&user(), Uuid::nil(), at(NOW)).unwrap();
    serde_json::to_value(tokens.verify(&token, at(NOW)).unwrap()).unwrap()
}

/// Signs with the right key whatever it is given.
fn forge(tokens: &Tokens, header: &Header, claims: &Value) -> String {
    jsonwebtoken::encode(header, claims, tokens.key.encoding()).unwrap()
}

#[test]
fn a_token_carries_the_claims_of_rfc_9068() {
    let tokens = tokens();
    let user = user();
    let token = tokens.sign(&user, Uuid::nil(), at(NOW)).unwrap();
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(header.alg, Algorithm::EdDSA);
    assert_eq!(header.kid.as_deref(), Some(tokens.key.kid()));
    let claims = tokens.verify(&token, at(NOW)).unwrap();
    assert_eq!(claims.iss, ISSUER);
    assert_eq!(claims.aud, Audience::One(AUDIENCE.to_owned()));
    assert_eq!(claims.sub, user.id.to_string());
    assert_eq!((claims.iat, claims.nbf, claims.auth_time), (NOW, NOW, NOW));
    assert_eq!(claims.exp, NOW + 900);
    assert_eq!(claims.sid, Uuid::nil().to_string());
    assert_eq!((claims.username.as_str(), &claims.roles), ("Ada", &user.roles));
    assert_eq!(claims.client_id, "hallpass");
    assert!(Uuid::try_parse(&claims.jti).is_ok());
}

#[test]
fn a_token_is_accepted_from_its_first_second_until_the_one_in_which_it_expires() {
    let tokens = tokens();
    let token = tokens.sign(&user(), Uuid::nil(), at(NOW)).unwrap();
    let verify = |seconds| tokens.verify(&token, at(seconds)).map(|_| ());
    assert_eq!(verify(NOW - 1), Err(TokenError::NotYetValid));
    assert_eq!(verify(NOW), Ok(()));
    assert_eq!(verify(NOW + 899), Ok(()));
    assert_eq!(verify(NOW + 900), Err(TokenError::Expired));
}

#[test]
fn leeway_moves_both_ends() {
    let tokens = tokens().with_leeway(Duration::from_secs(5));
    let token = tokens.sign(&user(), Uuid::nil(), at(NOW)).unwrap();
    let verify = |seconds| tokens.verify(&token, at(seconds)).map(|_| ());
    assert_eq!(verify(NOW - 6), Err(TokenError::NotYetValid));
    assert_eq!(verify(NOW - 5), Ok(()));
    assert_eq!(verify(NOW + 904), Ok(()));
    assert_eq!(verify(NOW + 905), Err(TokenError::Expired));
}

#[test]
fn an_audience_array_that_holds_ours_is_accepted() {
    let tokens = tokens();
    let mut claims = claims(&tokens);
    claims["aud"] = json!(["another", AUDIENCE]);
    assert!(tokens.verify(&forge(&tokens, &tokens.header, &claims), at(NOW)).is_ok());
}

#[test]
fn a_wrong_or_missing_claim_is_refused_though_the_signature_is_right() {
    let tokens = tokens();
    let good = claims(&tokens);
    for (name, wrong) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!([ISSUER])),
        ("aud", json!("another")),
        ("aud", json!(["another"])),
        ("aud", json!([])),
        ("exp", json!("tomorrow")),
        ("exp", json!(-1)),
        ("nbf", json!(null)),
        ("sub", json!(7)),
        ("roles", json!("admin")),
    ] {
        let mut claims = good.clone();
        claims[name] = wrong.clone();
        let outcome = tokens.verify(&forge(&tokens, &tokens.header, &claims), at(NOW));
        assert!(outcome.is_err(), "{name} = {wrong}");
    }
    for name in good.as_object().unwrap().keys() {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        let outcome = tokens.verify(&forge(&tokens, &tokens.header, &claims), at(NOW));
        assert_eq!(outcome, Err(TokenError::Invalid), "without {name}");
    }
}

#[test]
fn a_wrong_header_is_refused_though_the_signature_is_right() {
    let tokens = tokens();
    let claims = claims(&tokens);
    let good = &tokens.header;
    let wrong = [
        Header { typ: Some("JWT".to_owned()), ..good.clone() },
        Header { typ: None, ..good.clone() },
        Header { kid: None, ..good.clone() },
        Header { kid: Some("another".to_owned()), ..good.clone() },
        Header { crit: Some(vec!["exp".to_owned()]), ..good.clone() },
    ];
    for header in wrong {
        let outcome = tokens.verify(&forge(&tokens, &header, &claims), at(NOW));
        assert_eq!(outcome, Err(TokenError::Invalid), "{header:?}");
    }
    let long_form = Header { typ: Some("application/AT+JWT".to_owned()), ..good.clone() };
    assert!(tokens.verify(&forge(&tokens, &long_form, &claims), at(NOW)).is_ok());
}

#[test]
fn another_key_or_algorithm_is_refused() {
    let tokens = tokens();
    let claims = claims(&tokens);
    let refused = |token: &str| assert_eq!(tokens.verify(token, at(NOW)), Err(TokenError::Invalid));

    let other = SigningKey::generate().unwrap();
    refused(&jsonwebtoken::encode(&tokens.header, &claims, other.encoding()).unwrap());

    // The classic confusion: HMAC with the public key as its secret.
    let public = tokens.key.decoding().try_get_as_bytes().unwrap();
    let hmac = jsonwebtoken::EncodingKey::from_secret(public);
    let header = Header { alg: Algorithm::HS256, ..tokens.header.clone() };
    refused(&jsonwebtoken::encode(&header, &claims, &hmac).unwrap());

    let base64 =
        |value: &Value| data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let none = json!({"alg": "none", "typ": "at+jwt", "kid": tokens.key.kid()});
    refused(&format!("{}.{}.", base64(&none), base64(&claims)));
}

#[test]
fn a_token_that_is_changed_anywhere_is_refused() {
    let tokens = tokens();
    let token = tokens.sign(&user(), Uuid::nil(), at(NOW)).unwrap();
    for at_byte in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at_byte] = if bytes[at_byte] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(tokens.verify(&changed, at(NOW)).is_err(), "byte {at_byte}");
    }
    for malformed in ["", ".", "..", "...", "a.b.c", "\u{1F980}", &token[..token.len() - 1]] {
        assert!(tokens.verify(malformed, at(NOW)).is_err(), "{malformed}");
    }
}
