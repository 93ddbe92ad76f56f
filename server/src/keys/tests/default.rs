//! What signs where nobody has said what should.

use super::*;

fn unsaid() -> KeySettings {
    KeySettings::new(None, None, Duration::from_secs(900)).unwrap()
}

fn signer(ring: &KeyRing) -> Algorithm {
    ring.signing_key().unwrap().key.algorithm()
}

#[test]
fn new_keys_are_for_es256() {
    let dir = tempfile::tempdir().unwrap();
    let ring = KeyRing::open(dir.path(), unsaid(), at(NOW)).unwrap();
    assert_eq!((signer(&ring), next(&ring).unwrap().alg), (Algorithm::ES256, Algorithm::ES256));
}

#[test]
fn keys_that_are_there_keep_their_algorithm_through_starts_and_rotations() {
    for algorithm in ASYMMETRIC {
        let dir = tempfile::tempdir().unwrap();
        let before = kids(&open(dir.path(), algorithm, NOW), NOW);
        let stored = file(dir.path());
        let ring = KeyRing::open(dir.path(), unsaid(), at(NOW)).unwrap();
        assert_eq!(kids(&ring, NOW), before);
        assert_eq!(file(dir.path()), stored, "nothing was written");
        assert_eq!(ring.rotate(at(NOW)).unwrap().kid, before[1]);
        assert_eq!((signer(&ring), next(&ring).unwrap().alg), (algorithm, algorithm));
        assert_eq!(ring.reset(at(NOW)).unwrap().alg, algorithm);
    }
}

#[test]
fn another_algorithm_takes_over_once_somebody_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let before = verifying(&open(dir.path(), Algorithm::EdDSA, NOW), NOW);
    let ring = open(dir.path(), Algorithm::ES256, NOW);
    assert_eq!(signer(&ring), Algorithm::ES256);
    assert_eq!(verifying(&ring, NOW)[1..], before, "the old key verifies on");
}

#[test]
fn the_hs256_secret_is_asked_for_rather_than_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let secret = "a secret of 32 bytes, no more...";
    KeyRing::open(dir.path(), settings_with_secret(Algorithm::HS256, secret), at(NOW)).unwrap();
    let refused = KeyRing::open(dir.path(), unsaid(), at(NOW)).unwrap_err().to_string();
    assert!(refused.contains("HALLPASS_HS256_SECRET") && refused.contains("--alg"), "{refused}");
    let with_secret =
        KeySettings::new(None, Some(secret.into()), Duration::from_secs(900)).unwrap();
    let ring = KeyRing::open(dir.path(), with_secret, at(NOW)).unwrap();
    assert_eq!(signer(&ring), Algorithm::HS256);
    assert!(matches!(ring.rotate(at(NOW)), Err(KeyChangeError::SecretIsConfigured)));
}
