use std::sync::Arc;
use std::time::Duration;

use hallpass_contract::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Algorithm, Key, KeySettings, key};

/// How long a retired key still verifies after its last token has expired: the most that `--leeway`
/// may be.
const LEEWAY: Duration = Duration::from_secs(60);

/// What is stored about a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) kid: String,
    pub(super) alg: Algorithm,
    pub(super) created_at: Timestamp,
    /// When it stopped signing. Absent in the current key and the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retired_at: Option<Timestamp>,
    /// When it stops verifying: by then its last token has expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) verifies_until: Option<Timestamp>,
    /// The longest life of any of its tokens. 0 before it has signed one.
    pub(super) longest_ttl_s: u64,
    /// Said of a next key that verifies already: it is about to become the current one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_introduced: bool,
    /// PKCS#8 in PEM. Absent in HS256 keys: the secret is the operator's, so it is not stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) private_key: Option<Secret>,
}

/// A key and what is stored about it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) record: Record,
    /// Absent if it is an HS256 key of another secret than the configured one. If the operator
    /// configures that secret again, its tokens are valid again. So the entry still counts when
    /// token lifetimes are computed.
    pub(super) key: Option<Arc<Key>>,
}

/// What may be shown of a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyInfo {
    /// The key's id.
    pub kid: String,
    /// The only algorithm that it may be used with.
    pub alg: Algorithm,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it is used for.
    pub state: KeyState,
    /// When it stops verifying. Absent unless it is retiring.
    pub verifies_until: Option<Timestamp>,
}

/// What a key is used for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// It signs and verifies.
    Current,
    /// It is published. It neither signs nor verifies until a rotation makes it the current one.
    Next,
    /// It verifies what it signed before.
    Retiring,
}

impl Entry {
    /// A key that has signed nothing yet.
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
            is_introduced: false,
            private_key,
        };
        Ok(Self { record, key: Some(Arc::new(key)) })
    }

    /// Retires it. Other servers may sign with it for `spread` more.
    pub(super) fn retire(mut self, now: Timestamp, spread: Duration) -> Self {
        let ttl = Duration::from_secs(self.record.longest_ttl_s);
        let rest = ttl.saturating_add(spread).saturating_add(LEEWAY);
        let until = now.checked_add(rest).unwrap_or(Timestamp::MAX);
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
