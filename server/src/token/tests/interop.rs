//! Another implementation agrees with ours, in both directions.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Header, Validation};

use super::*;
use crate::keys::KeySettings;

const SECRET: &str = "a secret that others do not know";

fn validation(algorithm: jsonwebtoken::Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    // The tests have a fixed time in the past.
    validation.validate_exp = false;
    validation
}

#[test]
fn another_service_verifies_our_tokens_with_nothing_but_the_jwks() {
    for tokens in &each_algorithm()[..3] {
        let set = tokens.keys.jwks(at(NOW)).unwrap().body;
        let set: JwkSet = serde_json::from_slice(&set).unwrap();
        let token = valid(tokens);
        let header = jsonwebtoken::decode_header(&token).unwrap();
        let jwk = set.find(header.kid.as_deref().unwrap()).unwrap();
        let key = DecodingKey::from_jwk(jwk).unwrap();
        let theirs = jsonwebtoken::decode::<Claims>(&token, &key, &validation(header.alg)).unwrap();
        assert_eq!(theirs.claims, tokens.verify(&token, at(NOW)).unwrap());
    }
}

#[test]
fn another_service_that_has_cached_the_jwks_verifies_what_is_signed_after_a_rotation() {
    for algorithm in &ALGORITHMS[..3] {
        let tokens = tokens(*algorithm);
        let cached = tokens.keys.jwks(at(NOW)).unwrap().body;
        let cached: JwkSet = serde_json::from_slice(&cached).unwrap();
        tokens.keys.rotate(at(NOW)).unwrap();
        let token = valid(&tokens);
        let header = jsonwebtoken::decode_header(&token).unwrap();
        let jwk = cached.find(header.kid.as_deref().unwrap()).unwrap();
        let key = DecodingKey::from_jwk(jwk).unwrap();
        jsonwebtoken::decode::<Claims>(&token, &key, &validation(header.alg)).unwrap();
    }
}

#[test]
fn an_hs256_token_is_the_same_to_all_who_know_the_secret() {
    let settings = KeySettings::new(Algorithm::HS256, Some(SECRET.into()), TTL).unwrap();
    let tokens = tokens_of(Arc::new(KeyRing::in_memory_with(settings, at(NOW)).unwrap()));
    let token = valid(&tokens);
    let hs256 = jsonwebtoken::Algorithm::HS256;
    let key = DecodingKey::from_secret(SECRET.as_bytes());
    let theirs = jsonwebtoken::decode::<Claims>(&token, &key, &validation(hs256)).unwrap();

    let header = Header {
        typ: Some("at+jwt".to_owned()),
        kid: Some(super::key(&tokens).kid().to_owned()),
        ..Header::new(hs256)
    };
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    accepted(&tokens, &jsonwebtoken::encode(&header, &theirs.claims, &key).unwrap());
}

// RFC 7515 appendix A.3 and RFC 8037 appendix A.4 sign with keys that have no `kid`. So this test
// shows only that we don't accept such tokens as ours.
#[test]
fn the_examples_of_the_standards_are_refused() {
    for token in [
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGc\
         Mg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLm\
         NvbS9pc19yb290Ijp0cnVlfQ.",
    ] {
        for tokens in each_algorithm() {
            refused(tokens, token);
        }
    }
}
