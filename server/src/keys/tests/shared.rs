//! Several servers with the same keys.

use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;

use super::*;
use crate::keys::contents::{Contents, OtherKeys};
use crate::keys::storage::{Loaded, Replacement, Storage};

const SPREAD: Duration = Duration::from_secs(30);

/// What all servers share.
#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    version: u64,
    contents: Option<Contents>,
    /// They take over what is stored before a replacement is answered.
    servers: Vec<Weak<KeyRing>>,
    /// It comes between before the replacement of this version.
    rival: Option<(u64, Weak<KeyRing>)>,
}

impl Storage for Shared {
    fn load(&self, secret: Option<&Secret>, _: Timestamp) -> anyhow::Result<Loaded> {
        let (version, contents) = {
            let state = self.0.lock().unwrap();
            (state.version, state.contents.clone())
        };
        let Some(contents) = contents else {
            return Ok(Loaded { version, keys: None, others: OtherKeys::generate()? });
        };
        let (keys, others) = contents.into_keys(secret)?;
        Ok(Loaded { version, keys: Some(keys), others })
    }

    fn version(&self) -> anyhow::Result<u64> {
        Ok(self.0.lock().unwrap().version)
    }

    fn replace(&self, replacement: &Replacement) -> anyhow::Result<Option<u64>> {
        let rival = {
            let mut state = self.0.lock().unwrap();
            state.rival.take_if(|(version, _)| *version == replacement.version)
        };
        if let Some((_, rival)) = rival {
            rival.upgrade().unwrap().rotate(at(NOW)).unwrap();
        }
        let mut state = self.0.lock().unwrap();
        if state.version != replacement.version {
            return Ok(None);
        }
        state.version += 1;
        state.contents = Some(replacement.new.clone());
        let (version, servers) = (state.version, state.servers.clone());
        drop(state);
        let servers: Vec<_> = servers.iter().filter_map(Weak::upgrade).collect();
        for server in &servers {
            server.reload().unwrap();
            each_verifies_what_the_others_sign(&servers);
        }
        Ok(Some(version))
    }
}

impl Shared {
    fn open(&self, algorithm: Algorithm) -> Arc<KeyRing> {
        let settings = settings(algorithm).shared(SPREAD);
        let ring = KeyRing::open_in(Box::new(self.clone()), None, settings, at(NOW)).unwrap();
        Arc::new(ring)
    }

    /// A server that is told of each change.
    fn join(&self, algorithm: Algorithm) -> Arc<KeyRing> {
        let server = self.open(algorithm);
        self.0.lock().unwrap().servers.push(Arc::downgrade(&server));
        server
    }
}

fn each_verifies_what_the_others_sign(servers: &[Arc<KeyRing>]) {
    for signer in servers {
        let kid = signer.signing_key().unwrap().key.kid().to_owned();
        assert!(servers.iter().all(|server| server.find(&kid, at(NOW)).is_ok()));
    }
}

fn signer(ring: &KeyRing) -> String {
    ring.signing_key().unwrap().key.kid().to_owned()
}

#[test]
fn servers_that_start_one_after_the_other_have_the_same_keys() {
    let shared = Shared::default();
    let (one, two) = (shared.join(Algorithm::EdDSA), shared.join(Algorithm::EdDSA));
    assert_eq!(one.list(at(NOW)), two.list(at(NOW)));
    assert_eq!(one.refresh_key(), two.refresh_key());
    assert_eq!(shared.version().unwrap(), 1, "the second one has nothing to store");
}

#[test]
fn at_no_moment_of_a_rotation_does_a_server_refuse_what_another_one_signs() {
    let shared = Shared::default();
    let servers = [(); 3].map(|()| shared.join(Algorithm::EdDSA));
    let rotated = servers[1].rotate(at(NOW)).unwrap().kid;
    assert!(servers.iter().all(|server| signer(server) == rotated));
    let next = next(&servers[0]).unwrap().kid;
    assert_eq!(servers[0].find(&next, at(NOW)).unwrap_err(), NoKey::NotYetCurrent);
}

#[test]
fn nor_does_one_when_a_server_starts_with_another_algorithm() {
    let shared = Shared::default();
    let server = shared.join(Algorithm::EdDSA);
    let other = shared.join(Algorithm::ES256);
    assert_eq!(server.signing_key().unwrap().key.algorithm(), Algorithm::ES256);
    assert_eq!(signer(&server), signer(&other));
}

#[test]
fn a_key_goes_on_to_verify_what_a_server_signs_that_has_not_heard_of_the_rotation() {
    let shared = Shared::default();
    let (server, late) = (shared.join(Algorithm::EdDSA), shared.open(Algorithm::EdDSA));
    let old = signer(&late);
    server.rotate(at(NOW)).unwrap();
    assert_eq!(signer(&late), old);
    let spread = i64::try_from(SPREAD.as_secs()).unwrap();
    assert!(server.find(&old, at(NOW + spread + TTL_S + LEEWAY_S - 1)).is_ok());
    assert!(server.find(&old, at(NOW + spread + TTL_S + LEEWAY_S + 60)).is_err());
}

#[test]
fn two_rotations_of_the_same_key_are_one() {
    let shared = Shared::default();
    let (one, two) = (shared.open(Algorithm::EdDSA), shared.open(Algorithm::EdDSA));
    let new = one.rotate(at(NOW)).unwrap().kid;
    assert_eq!(two.rotate(at(NOW)).unwrap().kid, new);
    assert_eq!((signer(&one), signer(&two)), (new.clone(), new.clone()));
    assert_ne!(two.rotate(at(NOW)).unwrap().kid, new, "now that it knows the new key");
}

#[test]
fn a_rotation_that_another_one_overtakes_changes_nothing() {
    // Before its first step, and between the two.
    for version in [1, 2] {
        let shared = Shared::default();
        let (one, two) = (shared.open(Algorithm::EdDSA), shared.open(Algorithm::EdDSA));
        shared.0.lock().unwrap().rival = Some((version, Arc::downgrade(&two)));
        let new = one.rotate(at(NOW)).unwrap().kid;
        assert_eq!((signer(&one), signer(&two)), (new.clone(), new));
        assert_eq!(kids(&one, NOW).len(), 3);
    }
}

#[test]
fn a_revocation_reaches_all_servers_and_a_rotation_at_the_same_time_does_not_undo_it() {
    for version in [0, 1] {
        let shared = Shared::default();
        let (one, two) = (shared.open(Algorithm::EdDSA), shared.open(Algorithm::EdDSA));
        let old = signer(&one);
        shared.0.lock().unwrap().rival = Some((version, Arc::downgrade(&two)));
        let new = one.revoke(&old, at(NOW)).unwrap().kid;
        two.reload().unwrap();
        for server in [&one, &two] {
            assert_eq!(server.find(&old, at(NOW)).unwrap_err(), NoKey::Unknown);
            assert_eq!(signer(server), new);
        }
    }
}

#[test]
fn a_reset_reaches_all_servers() {
    let shared = Shared::default();
    let (one, two) = (shared.join(Algorithm::EdDSA), shared.open(Algorithm::EdDSA));
    let old = signer(&one);
    one.reset(at(NOW)).unwrap();
    assert_eq!(signer(&two), old);
    two.reload().unwrap();
    assert_eq!((signer(&two), two.refresh_key()), (signer(&one), one.refresh_key()));
    assert_eq!(two.find(&old, at(NOW)).unwrap_err(), NoKey::Unknown);
}

#[test]
fn two_sweeps_at_once_remove_a_key_once() {
    let shared = Shared::default();
    let (one, two) = (shared.open(Algorithm::EdDSA), shared.open(Algorithm::EdDSA));
    one.rotate(at(NOW)).unwrap();
    two.reload().unwrap();
    let later = at(NOW + 100 * TTL_S);
    assert_eq!((one.sweep(later).unwrap(), two.sweep(later).unwrap()), (1, 0));
    two.reload().unwrap();
    assert_eq!(one.list(later), two.list(later));
}

#[test]
fn unknown_keys_are_looked_for_once_a_second_and_only_where_somebody_else_makes_keys() {
    let (ring, start) = (Shared::default().open(Algorithm::EdDSA), Instant::now());
    let after = |millis| start + Duration::from_millis(millis);
    let looks = [0, 1, 999, 1000, 1001, 2500].map(|millis| ring.may_learn(after(millis)));
    assert_eq!(looks, [true, false, false, true, false, true]);
    assert!(!KeyRing::in_memory(Algorithm::EdDSA).unwrap().may_learn(start));
}
