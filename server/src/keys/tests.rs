use std::path::Path;
use std::time::Duration;

use hallpass_contract::Secret;
use jiff::Timestamp;
use serde_json::Value;

use super::*;

mod default;
mod disk;
mod jwks;
mod migration;
mod next;
mod retirement;
mod revocation;
mod secret;
mod shared;

const NOW: i64 = 1_800_000_000;
const TTL_S: i64 = 900;

/// How long a retired key verifies after its last token has expired.
const LEEWAY_S: i64 = 60;

/// The algorithms whose keys the server makes.
const ASYMMETRIC: [Algorithm; 3] = [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn settings(algorithm: Algorithm) -> KeySettings {
    KeySettings::new(algorithm, None, Duration::from_secs(900)).unwrap()
}

fn settings_with_ttl(algorithm: Algorithm, ttl_s: u64) -> KeySettings {
    KeySettings::new(algorithm, None, Duration::from_secs(ttl_s)).unwrap()
}

fn settings_with_secret(algorithm: Algorithm, secret: &str) -> KeySettings {
    KeySettings::new(algorithm, Some(secret.into()), Duration::from_secs(900)).unwrap()
}

fn open(dir: &Path, algorithm: Algorithm, now: i64) -> KeyRing {
    KeyRing::open(dir, settings(algorithm), at(now)).unwrap()
}

fn kids(ring: &KeyRing, now: i64) -> Vec<String> {
    ring.list(at(now)).into_iter().map(|key| key.kid).collect()
}

/// The ids of the keys that sign or verify.
fn verifying(ring: &KeyRing, now: i64) -> Vec<String> {
    let keys = ring.list(at(now)).into_iter().filter(|key| key.state != KeyState::Next);
    keys.map(|key| key.kid).collect()
}

/// The next key, if there is one.
fn next(ring: &KeyRing) -> Option<KeyInfo> {
    ring.list(at(NOW)).into_iter().find(|key| key.state == KeyState::Next)
}

fn file(dir: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(dir.join(KEYS_FILE)).unwrap()).unwrap()
}
