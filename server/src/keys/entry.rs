use std::sync::Arc;
use std::time::Duration;

use hallpass_contract::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Algorithm, Key, KeySettings, key};

/// How long after the last of its tokens expired a retired key still verifies: as much as
/// `--leeway` may forgive.
const LEEWAY: Duration = Duration::from_secs(60);

/// What is remembered of a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) kid: String,
    pub(super) alg: Algorithm,
    pub(super) created_at: Timestamp,
    /// Since then it signs nothing; absent in the current key and the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retired_at: Option<Timestamp>,
    /// From then on it verifies nothing: by then the last of its tokens has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) verifies_until: Option<Timestamp>,
    /// The longest life that any of its tokens was given; 0 before it has signed any.
    pub(super) longest_ttl_s: u64,
    /// PKCS#8 in PEM; absent in HS256 keys, whose secret is not ours to write down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) private_key: Option<Secret>,
}

/// A key and what is remembered of it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) record: Record,
    /// Absent in an HS256 key whose secret is not the configured one. Its tokens are valid again
    /// once the secret is back, so it counts wherever the life of tokens is asked for.
    pub(super) key: Option<Arc<Key>>,
}

/// What may be known about a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyInfo {
    /// The key's id.
    pub kid: String,
    /// The one algorithm that it is good for.
    pub alg: Algorithm,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it does.
    pub state: KeyState,
    /// From then on it verifies nothing; absent unless it is retiring.
    pub verifies_until: Option<Timestamp>,
}

/// What a key does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It signs and verifies.
    Current,
    /// It is published and neither signs nor verifies, until a rotation makes it the current one.
    Next,
    /// It verifies what it signed before.
    Retiring,
}

impl Entry {
    /// A key that was never used.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub(super) fn new(settings: &KeySettings, now: Timestamp) -> anyhow::Result<Self> {
        let (private_key, key) = match (settings.algorithm, &settings.hs256_secret) {
            (Algorithm::HS256, Some(secret)) => (None, Key::from_secret(secret)?),
            (algorithm, _) => {
                let pem = key::generate_pem(algorithm)?;
                let key = Key::from_pem(algorithm, &pem)?;
                (Some(pem), key)
            }
        };
        let record = Record {
            kid: key.kid().to_owned(),
            alg: settings.algorithm,
            created_at: now,
            retired_at: None,
            verifies_until: None,
            longest_ttl_s: 0,
            private_key,
        };
        Ok(Self { record, key: Some(Arc::new(key)) })
    }

    pub(super) fn retire(mut self, now: Timestamp) -> Self {
        let ttl = Duration::from_secs(self.record.longest_ttl_s);
        let until = now.checked_add(ttl.saturating_add(LEEWAY)).unwrap_or(Timestamp::MAX);
        self.record.retired_at = Some(now);
        self.record.verifies_until = Some(until);
        self
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.record.verifies_until.is_some_and(|until| until <= now)
    }

    pub(super) fn info(&self, state: KeyState) -> KeyInfo {
        let Record { alg, created_at, verifies_until, .. } = self.record;
        KeyInfo { kid: self.record.kid.clone(), alg, created_at, state, verifies_until }
    }
}
