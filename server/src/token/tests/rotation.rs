//! Several keys at once: each verifies its own tokens for as long as they live.

use super::*;
use crate::keys::KeySettings;

#[test]
fn a_token_of_before_the_rotation_stays_valid_and_new_ones_carry_the_new_kid() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
        let tokens = tokens(algorithm);
        let before = valid(&tokens);
        let kid = tokens.keys.rotate(at(NOW)).unwrap().kid;
        let after = valid(&tokens);
        accepted(&tokens, &before);
        accepted(&tokens, &after);
        assert_eq!(tokens.inspect(&after, at(NOW)).header.unwrap()["kid"], json!(kid));
    }
}

#[test]
fn a_token_of_the_next_key_is_refused_until_a_rotation() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
        let dir = tempfile::tempdir().unwrap();
        let settings = KeySettings::new(algorithm, None, TTL).unwrap();
        let keys = KeyRing::open(dir.path(), settings, at(NOW)).unwrap();
        let tokens = tokens_of(Arc::new(keys));
        let next = next_key(dir.path(), algorithm);
        // A thief of the keys file could sign this.
        let header = with(&header(&tokens), "kid", json!(next.kid()));
        let token = forge_text(&next, &header.to_string(), &claims(&tokens).to_string());
        refused(&tokens, &token);
        tokens.keys.rotate(at(NOW)).unwrap();
        accepted(&tokens, &token);
    }
}

fn next_key(dir: &std::path::Path, algorithm: Algorithm) -> Key {
    let file = std::fs::read_to_string(dir.join(crate::keys::KEYS_FILE)).unwrap();
    let file: Value = serde_json::from_str(&file).unwrap();
    let pem = file["next_key"]["private_key"].as_str().unwrap();
    Key::from_pem(algorithm, &pem.into()).unwrap()
}

#[test]
fn a_token_under_the_kid_of_another_key_of_ours_is_refused() {
    let tokens = tokens(Algorithm::EdDSA);
    let (old, claims) = (key(&tokens), claims(&tokens));
    tokens.keys.rotate(at(NOW)).unwrap();
    let new = key(&tokens);
    for (signer, named) in [(&old, &new), (&new, &old)] {
        let header = with(&header(&tokens), "kid", json!(named.kid()));
        refused(&tokens, &forge_text(signer, &header.to_string(), &claims.to_string()));
    }
}

#[test]
fn a_token_under_the_kid_of_a_key_of_another_algorithm_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let open = |algorithm| {
        let secret = Some("a secret that others do not know".into());
        let settings = KeySettings::new(algorithm, secret, TTL).unwrap();
        tokens_of(Arc::new(KeyRing::open(dir.path(), settings, at(NOW)).unwrap()))
    };
    let keys = ALGORITHMS.map(|algorithm| key(&open(algorithm)));
    let tokens = open(Algorithm::EdDSA);
    let claims = claims(&tokens);
    for signer in &keys {
        for named in &keys {
            for alg in [signer.algorithm(), named.algorithm()] {
                let header = json!({"alg": alg.name(), "typ": "at+jwt", "kid": named.kid()});
                let token = forge_text(signer, &header.to_string(), &claims.to_string());
                if signer.kid() == named.kid() {
                    accepted(&tokens, &token);
                } else {
                    refused(&tokens, &token);
                }
            }
        }
    }
}

#[test]
fn a_retired_key_verifies_every_token_to_its_end_and_nothing_afterwards() {
    let tokens = tokens(Algorithm::EdDSA).with_leeway(Duration::from_secs(60));
    let old = key(&tokens);
    let last = valid(&tokens);
    let endless = with(&claims(&tokens), "exp", json!(NOW + 1_000_000));
    let endless = forge(&tokens, &header(&tokens), &endless);
    tokens.keys.rotate(at(NOW)).unwrap();

    let end = NOW + 900 + 60;
    assert!(tokens.verify(&last, at(end - 1)).is_ok(), "even with the most leeway");
    assert_eq!(tokens.verify(&last, at(end)), Err(TokenError::Invalid));
    // A thief of the retired key could sign this.
    assert!(tokens.verify(&endless, at(end - 1)).is_ok());
    assert_eq!(tokens.verify(&endless, at(end)), Err(TokenError::Invalid));
    tokens.keys.sweep(at(end)).unwrap();
    assert_eq!(tokens.verify(&endless, at(end)), Err(TokenError::Invalid));
    assert_ne!(key(&tokens).kid(), old.kid());
}
