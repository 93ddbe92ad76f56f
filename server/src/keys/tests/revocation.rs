use super::*;
use crate::keys::KeyChangeError;

fn kid(ring: &KeyRing, state: KeyState) -> Option<String> {
    ring.list(at(NOW)).into_iter().find(|key| key.state == state).map(|key| key.kid)
}

fn is_known(ring: &KeyRing, kid: &str) -> bool {
    ring.find(kid, at(NOW)).is_ok()
}

#[test]
fn the_next_key_takes_over_where_the_current_one_is_revoked() {
    for algorithm in ASYMMETRIC {
        let dir = tempfile::tempdir().unwrap();
        let ring = open(dir.path(), algorithm, NOW);
        let [old, next] = [KeyState::Current, KeyState::Next].map(|state| kid(&ring, state));
        let (old, next) = (old.unwrap(), next.unwrap());
        assert_eq!(ring.revoke(&old, at(NOW)).unwrap().kid, next);
        assert!(is_known(&ring, &next) && !is_known(&ring, &old));
        assert_eq!(ring.signing_key().unwrap().key.kid(), next);
        let keys = kids(&ring, NOW);
        assert_eq!(keys.len(), 2, "it has a next key again: {keys:?}");
        drop(ring);
        assert_eq!(kids(&open(dir.path(), algorithm, NOW), NOW), keys);
        assert!(!std::fs::read_to_string(dir.path().join(KEYS_FILE)).unwrap().contains(&old));
    }
}

#[test]
fn the_next_key_and_a_retired_one_can_be_revoked_and_the_current_one_goes_on() {
    let ring = KeyRing::in_memory(Algorithm::EdDSA).unwrap();
    let retired = kid(&ring, KeyState::Current).unwrap();
    let signer = ring.rotate(at(NOW)).unwrap().kid;
    let next = kid(&ring, KeyState::Next).unwrap();
    for revoked in [&next, &retired] {
        assert_eq!(ring.revoke(revoked, at(NOW)).unwrap().kid, signer);
        assert!(!kids(&ring, NOW).contains(revoked));
    }
    assert!(is_known(&ring, &signer) && !is_known(&ring, &retired));
    assert_eq!(kids(&ring, NOW).len(), 2);
}

#[test]
fn an_unknown_key_and_a_secret_are_not_revoked() {
    let ring = KeyRing::in_memory(Algorithm::EdDSA).unwrap();
    let before = kids(&ring, NOW);
    let refused = ring.revoke("nonsense", at(NOW)).unwrap_err();
    assert!(matches!(refused, KeyChangeError::NoSuchKey), "{refused:?}");
    let signer = before[0].clone();
    ring.revoke(&signer, at(NOW)).unwrap();
    let again = ring.revoke(&signer, at(NOW)).unwrap_err();
    assert!(matches!(again, KeyChangeError::NoSuchKey), "{again:?}");
    let ring = KeyRing::in_memory(Algorithm::HS256).unwrap();
    let secret = kid(&ring, KeyState::Current).unwrap();
    let refused = ring.revoke(&secret, at(NOW)).unwrap_err();
    assert!(matches!(refused, KeyChangeError::SecretIsConfigured), "{refused:?}");
    assert!(is_known(&ring, &secret));
}
