//! Which key signs, which keys still verify, and for how long.

use super::*;

#[test]
fn a_rotation_takes_effect_at_once_and_the_old_key_goes_on_verifying() {
    for algorithm in ASYMMETRIC {
        let ring = KeyRing::in_memory(algorithm).unwrap();
        let old = ring.signing_key().unwrap().key;
        let signature = old.sign(b"signed before").unwrap();
        let info = ring.rotate(at(NOW)).unwrap();
        let new = ring.signing_key().unwrap().key;
        assert_eq!((new.kid(), new.algorithm()), (info.kid.as_str(), algorithm));
        assert_ne!(new.kid(), old.kid());
        let found = ring.find(old.kid(), at(NOW)).unwrap();
        assert!(found.verifies(b"signed before", &signature));
        assert!(!new.verifies(b"signed before", &signature));
    }
}

#[test]
fn a_retired_key_verifies_until_its_last_token_has_expired_and_not_a_second_longer() {
    let ring = KeyRing::in_memory(Algorithm::EdDSA).unwrap();
    let old = ring.signing_key().unwrap().key.kid().to_owned();
    let new = ring.rotate(at(NOW)).unwrap().kid;
    let end = NOW + TTL_S + LEEWAY_S;
    assert!(ring.find(&old, at(end - 1)).is_ok());
    assert_eq!(verifying(&ring, end - 1), [new.as_str(), &old]);

    // The keys have not been swept.
    let retired = NoKey::Retired { verified_until: at(end) };
    assert_eq!(ring.find(&old, at(end)).unwrap_err(), retired);
    assert_eq!(verifying(&ring, end), [new.as_str()]);

    assert_eq!(ring.sweep(at(end - 1)).unwrap(), 0);
    assert_eq!(ring.sweep(at(end)).unwrap(), 1);
    assert_eq!(ring.find(&old, at(NOW)).unwrap_err(), NoKey::Unknown);
    assert!(ring.find(&new, at(end)).is_ok(), "the current key never ends by itself");
}

#[test]
fn the_list_tells_what_each_key_does() {
    let ring = KeyRing::in_memory(Algorithm::ES256).unwrap();
    ring.rotate(at(NOW)).unwrap();
    ring.rotate(at(NOW + 10)).unwrap();
    let list = ring.list(at(NOW + 20));
    let states: Vec<_> = list.iter().map(|key| (key.state, key.verifies_until)).collect();
    assert_eq!(
        states,
        [
            (KeyState::Current, None),
            (KeyState::Next, None),
            (KeyState::Retiring, Some(at(NOW + 10 + TTL_S + LEEWAY_S))),
            (KeyState::Retiring, Some(at(NOW + TTL_S + LEEWAY_S))),
        ]
    );
    let made: Vec<_> = list[..2].iter().map(|key| key.created_at).collect();
    assert_eq!(made, [at(NOW), at(NOW + 10)], "each was made a rotation ahead");
    let json = serde_json::to_value(&list).unwrap();
    assert_eq!((&json[0]["state"], &json[1]["state"]), (&"current".into(), &"next".into()));
    assert_eq!((&json[2]["state"], &json[2]["alg"]), (&"retiring".into(), &"ES256".into()));
    assert_eq!(serde_json::from_value::<Vec<KeyInfo>>(json).unwrap(), list);
}

#[test]
fn another_algorithm_takes_over_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut before = Vec::new();
    for (n, algorithm) in ASYMMETRIC.into_iter().enumerate() {
        let ring = open(dir.path(), algorithm, NOW + i64::try_from(n).unwrap());
        let signer = ring.signing_key().unwrap().key;
        assert_eq!(signer.algorithm(), algorithm);
        before.insert(0, signer.kid().to_owned());
        assert_eq!(verifying(&ring, NOW + 3), before, "the earlier ones still verify");
    }
}

#[test]
fn the_longest_life_of_a_token_is_remembered_when_access_ttl_shrinks() {
    let dir = tempfile::tempdir().unwrap();
    let open = |ttl_s, now| {
        let settings = settings_with_ttl(Algorithm::EdDSA, ttl_s);
        KeyRing::open(dir.path(), settings, at(now)).unwrap()
    };
    open(60, NOW);
    assert_eq!(file(dir.path())["keys"][0]["longest_ttl_s"], 60);
    // The longer lifetime is stored before any token is signed.
    open(3600, NOW);
    assert_eq!(file(dir.path())["keys"][0]["longest_ttl_s"], 3600);

    let ring = open(60, NOW);
    assert_eq!(ring.longest_ttl(), Duration::from_secs(3600));
    let old = ring.signing_key().unwrap().key.kid().to_owned();
    ring.rotate(at(NOW)).unwrap();
    assert!(ring.find(&old, at(NOW + 3600 + LEEWAY_S - 1)).is_ok());
    assert_eq!(ring.longest_ttl(), Duration::from_secs(3600), "the old one is still trusted");
    ring.sweep(at(NOW + 3600 + LEEWAY_S)).unwrap();
    assert_eq!(ring.longest_ttl(), Duration::from_secs(60));
}

#[test]
fn rotations_at_the_same_time_do_not_lose_one_another() {
    let dir = tempfile::tempdir().unwrap();
    let ring = open(dir.path(), Algorithm::EdDSA, NOW);
    let first = ring.signing_key().unwrap().key.kid().to_owned();
    let mut made: Vec<String> = std::thread::scope(|scope| {
        let rotate = || ring.rotate(at(NOW)).unwrap().kid;
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(rotate)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    made.push(first);
    made.sort();
    let mut in_force = verifying(&ring, NOW);
    assert_eq!(ring.list(at(NOW)), open(dir.path(), Algorithm::EdDSA, NOW).list(at(NOW)));
    in_force.sort();
    assert_eq!(in_force, made);
}
