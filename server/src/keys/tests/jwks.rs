//! What the public JWK set shows.

use data_encoding::BASE64URL_NOPAD;

use super::super::jwks::public_jwk;
use super::*;

fn jwks(ring: &KeyRing, now: i64) -> Vec<Value> {
    let body = ring.jwks(at(now)).unwrap().body;
    let set: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(set.as_object().unwrap().len(), 1);
    set["keys"].as_array().unwrap().clone()
}

#[test]
fn the_set_holds_exactly_the_public_members() {
    for (algorithm, kty, members) in [
        (Algorithm::EdDSA, "OKP", &["alg", "crv", "kid", "kty", "use", "x"][..]),
        (Algorithm::ES256, "EC", &["alg", "crv", "kid", "kty", "use", "x", "y"]),
        (Algorithm::RS256, "RSA", &["alg", "e", "kid", "kty", "n", "use"]),
    ] {
        let ring = KeyRing::in_memory(algorithm).unwrap();
        let keys = jwks(&ring, NOW);
        let mut names: Vec<&String> = keys[0].as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, members);
        assert_eq!(keys[0]["kty"], kty);
        assert_eq!(keys[0]["alg"], algorithm.name());
        assert_eq!(keys[0]["use"], "sig");
        assert_eq!(keys[0]["kid"], kids(&ring, NOW)[0].as_str());
    }
}

#[test]
fn an_rsa_key_has_2048_bits_and_the_usual_exponent() {
    let keys = jwks(&KeyRing::in_memory(Algorithm::RS256).unwrap(), NOW);
    let modulus = BASE64URL_NOPAD.decode(keys[0]["n"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!((modulus.len(), modulus[0] >> 7), (256, 1), "no leading zeros (RFC 7518)");
    assert_eq!(keys[0]["e"], "AQAB");
}

#[test]
fn the_current_key_comes_first_the_next_one_then_and_a_retired_one_leaves_the_set_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), Algorithm::RS256, NOW);
    let ring = open(dir.path(), Algorithm::ES256, NOW);
    let members = |now, name| -> Vec<Value> {
        jwks(&ring, now).iter().map(|key| key[name].clone()).collect()
    };
    let (all, left) = (["ES256", "ES256", "RS256"], ["ES256", "ES256"]);
    assert_eq!(members(NOW, "alg"), all);
    assert_eq!(members(NOW, "kid"), kids(&ring, NOW));
    assert_eq!(members(NOW, "kid")[1], next(&ring).unwrap().kid);
    assert_eq!(members(NOW + TTL_S + LEEWAY_S - 1, "alg"), all);
    assert_eq!(members(NOW + TTL_S + LEEWAY_S, "alg"), left);
}

#[test]
fn the_entity_tag_changes_with_the_set_and_only_then() {
    let ring = KeyRing::in_memory(Algorithm::EdDSA).unwrap();
    let first = ring.jwks(at(NOW)).unwrap();
    assert_eq!(ring.jwks(at(NOW + 1)).unwrap(), first);
    ring.rotate(at(NOW)).unwrap();
    assert_ne!(ring.jwks(at(NOW)).unwrap().etag, first.etag);
    assert!(first.etag.starts_with('"') && first.etag.ends_with('"'));
}

// RFC 8037 appendix A.3.
#[test]
fn the_kid_of_an_ed25519_key_is_its_rfc_7638_thumbprint() {
    let public = BASE64URL_NOPAD.decode(b"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
    let jwk = public_jwk(Algorithm::EdDSA, &public).unwrap();
    assert_eq!(jwk.common.key_id.as_deref(), Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
}
