//! The next key: made and published ahead of the rotation that makes it the current one.

use std::fs;

use super::*;

/// Rewrites the file as a version without next keys wrote it.
fn without_next(dir: &Path) -> Value {
    let mut file = file(dir);
    file.as_object_mut().unwrap().remove("next_key").unwrap();
    fs::write(dir.join(KEYS_FILE), file.to_string()).unwrap();
    file
}

#[test]
fn a_rotation_promotes_the_key_that_was_published_and_makes_another_next_one() {
    for algorithm in ASYMMETRIC {
        let ring = KeyRing::in_memory(algorithm).unwrap();
        let [current, published] = <[KeyInfo; 2]>::try_from(ring.list(at(NOW))).unwrap();
        assert_eq!((current.state, published.state), (KeyState::Current, KeyState::Next));
        assert_eq!(published.alg, algorithm);

        let promoted = ring.rotate(at(NOW)).unwrap();
        assert_eq!(promoted, KeyInfo { state: KeyState::Current, ..published });
        assert_eq!(ring.signing_key().unwrap().key.kid(), promoted.kid);
        let made = next(&ring).unwrap().kid;
        assert_eq!(kids(&ring, NOW), [promoted.kid, made, current.kid]);
    }
}

#[test]
fn the_next_key_verifies_nothing_until_it_is_the_current_one() {
    let ring = KeyRing::in_memory(Algorithm::EdDSA).unwrap();
    let kid = next(&ring).unwrap().kid;
    assert_eq!(ring.find(&kid, at(NOW)).unwrap_err(), NoKey::NotYetCurrent);
    ring.rotate(at(NOW)).unwrap();
    assert_eq!(ring.find(&kid, at(NOW)).unwrap().kid(), kid);
}

#[test]
fn a_restart_keeps_the_next_key() {
    for algorithm in ASYMMETRIC {
        let dir = tempfile::tempdir().unwrap();
        let kid = next(&open(dir.path(), algorithm, NOW)).unwrap().kid;
        let ring = open(dir.path(), algorithm, NOW + 1);
        assert_eq!(ring.rotate(at(NOW)).unwrap().kid, kid);
        let kid = next(&ring).unwrap().kid;
        assert_eq!(next(&open(dir.path(), algorithm, NOW)).unwrap().kid, kid);
    }
}

#[test]
fn a_file_without_a_next_key_gains_one_and_keeps_all_else() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), Algorithm::EdDSA, NOW).rotate(at(NOW)).unwrap();
    let before = without_next(dir.path());
    let ring = open(dir.path(), Algorithm::EdDSA, NOW);
    let after = file(dir.path());
    assert_eq!((&after["keys"], &after["refresh_key"]), (&before["keys"], &before["refresh_key"]));
    assert_eq!(after["next_key"]["kid"], next(&ring).unwrap().kid);
}

#[test]
fn another_algorithm_replaces_the_next_key_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::EdDSA] {
        let ring = open(dir.path(), algorithm, NOW);
        let next = next(&ring).unwrap();
        assert_eq!(next.alg, algorithm);
        seen.extend([ring.signing_key().unwrap().key.kid().to_owned(), next.kid]);
    }
    let unused = [&seen[1], &seen[3]];
    let stored = file(dir.path()).to_string();
    assert!(unused.iter().all(|kid| !stored.contains(*kid)), "what was never used is forgotten");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 6, "no key comes back");
}

#[test]
fn there_is_no_next_key_under_hs256() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path(), Algorithm::EdDSA, NOW);
    let secret = settings_with_secret(Algorithm::HS256, "a secret that others do not know");
    let ring = KeyRing::open(dir.path(), secret, at(NOW)).unwrap();
    assert_eq!(next(&ring), None);
    assert_eq!(file(dir.path()).get("next_key"), None);
    let back = open(dir.path(), Algorithm::EdDSA, NOW);
    assert_eq!(next(&back).unwrap().alg, Algorithm::EdDSA);
}

#[test]
fn the_next_key_signs_for_as_long_as_access_ttl_says_when_it_is_promoted() {
    let dir = tempfile::tempdir().unwrap();
    let open = |ttl_s| {
        KeyRing::open(dir.path(), settings_with_ttl(Algorithm::EdDSA, ttl_s), at(NOW)).unwrap()
    };
    open(3600);
    let stored = file(dir.path());
    assert_eq!(stored["next_key"]["longest_ttl_s"], 0, "it has signed nothing");
    let ring = open(60);
    ring.rotate(at(NOW)).unwrap();
    assert_eq!(ring.signing_key().unwrap().longest_ttl, Duration::from_secs(60));
    assert_eq!(file(dir.path())["keys"][0]["longest_ttl_s"], 60);
}

#[test]
fn two_rotations_put_all_keys_out_of_use_that_were_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let ring = open(dir.path(), Algorithm::EdDSA, NOW);
    let leaked = kids(&ring, NOW);
    ring.rotate(at(NOW)).unwrap();
    ring.rotate(at(NOW)).unwrap();
    assert_eq!(kids(&ring, NOW)[2..], [leaked[1].as_str(), &leaked[0]]);
    let end = at(NOW + TTL_S + LEEWAY_S);
    assert!(leaked.iter().all(|kid| ring.find(kid, end).is_err()));
}
