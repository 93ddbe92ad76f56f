//! HS256: the operator's secret instead of a key that the server makes.

use super::*;

const SECRET: &str = "the first secret of the operator";
const OTHER: &str = "the other secret of the operator";

fn open_with(dir: &Path, algorithm: Algorithm, secret: &str, now: i64) -> KeyRing {
    KeyRing::open(dir, settings_with_secret(algorithm, secret), at(now)).unwrap()
}

#[test]
fn the_secret_is_never_written_down_nor_published() {
    let dir = tempfile::tempdir().unwrap();
    let ring = open_with(dir.path(), Algorithm::HS256, SECRET, NOW);
    let stored = file(dir.path());
    assert!(!stored.to_string().contains(SECRET));
    assert_eq!(stored["keys"][0].get("private_key"), None);
    assert_eq!(&ring.jwks(at(NOW)).unwrap().body[..], br#"{"keys":[]}"#);
    assert!(!format!("{ring:?} {:?}", ring.signing_key().unwrap().key).contains(SECRET));
}

#[test]
fn the_kid_stays_the_same_over_restarts_and_differs_between_servers() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let kids_of = |dir: &Path| kids(&open_with(dir, Algorithm::HS256, SECRET, NOW), NOW);
    assert_eq!(kids_of(one.path()), kids_of(one.path()));
    // So nobody can precompute kids to find a weak secret.
    assert_ne!(kids_of(one.path()), kids_of(two.path()));
}

#[test]
fn a_rotation_is_refused_and_says_what_to_do() {
    let ring = KeyRing::in_memory(Algorithm::HS256).unwrap();
    let error = ring.rotate(at(NOW)).unwrap_err();
    assert!(matches!(error, KeyChangeError::SecretIsConfigured));
    assert!(error.to_string().contains("change the secret and restart"));
}

#[test]
fn another_secret_ends_the_tokens_of_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let old = kids(&open_with(dir.path(), Algorithm::HS256, SECRET, NOW), NOW).remove(0);
    let ring = open_with(dir.path(), Algorithm::HS256, OTHER, NOW);
    assert_eq!(ring.find(&old, at(NOW)).unwrap_err(), NoKey::SecretNotConfigured);
    assert_eq!(kids(&ring, NOW).len(), 1);
    assert_ne!(kids(&ring, NOW), [old]);
}

#[test]
fn a_secret_that_comes_back_is_the_key_that_it_was_and_remembers_how_long_its_tokens_live() {
    let dir = tempfile::tempdir().unwrap();
    let hour = Duration::from_secs(3600);
    let long = KeySettings::new(Algorithm::HS256, Some(SECRET.into()), hour).unwrap();
    let kid = kids(&KeyRing::open(dir.path(), long, at(NOW)).unwrap(), NOW).remove(0);
    let without = open(dir.path(), Algorithm::EdDSA, NOW);
    // Nothing verifies its tokens now, but revoked sessions must be remembered.
    assert_eq!(without.longest_ttl(), hour);

    let back = open_with(dir.path(), Algorithm::HS256, SECRET, NOW + 1);
    assert_eq!(back.signing_key().unwrap().key.kid(), kid);
    assert_eq!(back.longest_ttl(), hour);
    assert_eq!(back.list(at(NOW + 1))[0].verifies_until, None);
}

#[test]
fn tokens_of_a_secret_stay_valid_beside_a_new_algorithm_while_it_is_configured() {
    let dir = tempfile::tempdir().unwrap();
    let kid = kids(&open_with(dir.path(), Algorithm::HS256, SECRET, NOW), NOW).remove(0);
    let ring = open_with(dir.path(), Algorithm::ES256, SECRET, NOW);
    assert_eq!(ring.signing_key().unwrap().key.algorithm(), Algorithm::ES256);
    assert!(ring.find(&kid, at(NOW + TTL_S + LEEWAY_S - 1)).is_ok());
    assert!(ring.find(&kid, at(NOW + TTL_S + LEEWAY_S)).is_err());
    let ring = open(dir.path(), Algorithm::ES256, NOW);
    assert_eq!(ring.find(&kid, at(NOW)).unwrap_err(), NoKey::SecretNotConfigured);
}

#[test]
fn a_short_secret_is_refused_and_so_is_none() {
    let new = |secret: Option<Secret>| KeySettings::new(Algorithm::HS256, secret, Duration::MAX);
    assert!(new(Some(SECRET[1..].into())).unwrap_err().to_string().contains("31 bytes"));
    assert!(new(None).unwrap_err().to_string().contains("HALLPASS_HS256_SECRET"));
    assert!(new(Some(SECRET.into())).is_ok());
}
