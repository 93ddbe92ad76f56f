//! From the one key in `signing-key.pem` to the file of keys.

use std::fs;

use super::*;

const OLD_FILE: &str = "signing-key.pem";

// RFC 8410 section 10.3, whose public key is in section 10.1.
const OLD_PEM: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
const OLD_PUBLIC: &str = "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE";

fn old_kid() -> String {
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{OLD_PUBLIC}"}}"#);
    data_encoding::BASE64URL_NOPAD.encode(&<sha2::Sha256 as sha2::Digest>::digest(jwk))
}

#[test]
fn the_old_key_becomes_the_first_one_under_the_same_kid() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(OLD_FILE), OLD_PEM).unwrap();
    let ring = open(dir.path(), Algorithm::EdDSA, NOW);
    assert_eq!(verifying(&ring, NOW), [old_kid()]);
    assert!(next(&ring).is_some());
    assert!(!dir.path().join(OLD_FILE).exists());
    // The old file does not say how long its tokens live, so the longest life allowed counts.
    assert_eq!(ring.longest_ttl(), Duration::from_secs(24 * 60 * 60));
    assert_eq!(verifying(&open(dir.path(), Algorithm::EdDSA, NOW), NOW), [old_kid()]);
}

#[test]
fn the_old_key_verifies_on_when_another_algorithm_is_asked_for_at_once() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(OLD_FILE), OLD_PEM).unwrap();
    let ring = open(dir.path(), Algorithm::ES256, NOW);
    assert_eq!(ring.signing_key().unwrap().key.algorithm(), Algorithm::ES256);
    assert!(ring.find(&old_kid(), at(NOW + 24 * 60 * 60)).is_ok());
}

#[test]
fn a_start_that_was_killed_before_the_old_file_was_removed_can_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let old = dir.path().join(OLD_FILE);
    fs::write(&old, OLD_PEM).unwrap();
    open(dir.path(), Algorithm::EdDSA, NOW);
    let stored = file(dir.path());
    fs::write(&old, OLD_PEM).unwrap();
    open(dir.path(), Algorithm::EdDSA, NOW);
    assert!(!old.exists());
    assert_eq!(file(dir.path()), stored);
}

#[test]
fn a_file_that_holds_another_key_is_not_ours_to_remove() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), Algorithm::EdDSA, NOW);
    let old = dir.path().join(OLD_FILE);
    for content in [OLD_PEM, "not a key"] {
        fs::write(&old, content).unwrap();
        open(dir.path(), Algorithm::EdDSA, NOW);
        assert_eq!(fs::read_to_string(&old).unwrap(), content);
    }
}

#[test]
fn a_damaged_old_file_is_refused_by_its_name_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(OLD_FILE);
    for damaged in ["", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
    {
        fs::write(&path, damaged).unwrap();
        let error = KeyRing::open(dir.path(), settings(Algorithm::EdDSA), at(NOW)).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(path.to_str().unwrap()), "{error}");
        assert!(error.contains("restore it"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        assert!(!dir.path().join(KEYS_FILE).exists());
    }
}
