//! The keys as they are stored: in the file of a data directory, or sealed in a database.

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail, ensure};
use hallpass_contract::Secret;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::entry::{Entry, Record};
use super::keyset::KeySet;
use super::{Algorithm, Key, RandomKey};

/// What is stored, as JSON. Unknown members are refused: a later version wrote them, and an earlier
/// one must not drop them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contents {
    /// The current key and the retired ones.
    keys: Vec<Record>,
    /// Absent under HS256, and in files of versions without a next key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_key: Option<Record>,
    refresh_key: RandomKey,
    /// Absent in files of versions without second factors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    factor_key: Option<RandomKey>,
}

/// The keys for other things than access tokens.
#[derive(Clone, Debug)]
pub(super) struct OtherKeys {
    /// The HMAC key from which refresh tokens are derived. It stays the same when signing keys
    /// rotate, until all keys are reset.
    pub(super) refresh: Arc<RandomKey>,
    /// Seals the secrets of second factors. It stays the same for ever. None if it is yet to be
    /// made.
    pub(super) factors: Option<Arc<RandomKey>>,
}

impl OtherKeys {
    /// New keys, but for the one of second factors.
    pub(super) fn generate() -> anyhow::Result<Self> {
        Ok(Self { refresh: Arc::new(RandomKey::generate()?), factors: None })
    }

    /// With a key for second factors.
    pub(super) fn complete(self) -> anyhow::Result<Self> {
        let factors = match self.factors {
            Some(key) => key,
            None => Arc::new(RandomKey::generate()?),
        };
        Ok(Self { factors: Some(factors), ..self })
    }
}

impl Contents {
    pub(super) fn new(keys: &KeySet, others: &OtherKeys) -> Self {
        let record = |entry: &Entry| entry.record.clone();
        Self {
            keys: std::iter::once(&keys.current).chain(&keys.retired).map(record).collect(),
            next_key: keys.next.as_ref().map(record),
            refresh_key: RandomKey::clone(&others.refresh),
            factor_key: others.factors.as_deref().cloned(),
        }
    }

    /// The text of the file.
    pub(super) fn to_text(&self) -> anyhow::Result<Secret> {
        Ok(Secret::from(serde_json::to_string_pretty(self)? + "\n"))
    }

    /// Errors name only the place, since the parser's own messages quote the file.
    pub(super) fn parse(json: &Secret) -> anyhow::Result<Self> {
        serde_json::from_str(json.expose()).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let what = match error.classify() {
                Category::Data => "not what belongs there, unless it is of a later version",
                _ => "not JSON",
            };
            anyhow!("line {line}, column {column}: {what}")
        })
    }

    /// The keys, ready for use. Fails if the contents make no sense.
    pub(super) fn into_keys(self, secret: Option<&Secret>) -> anyhow::Result<(KeySet, OtherKeys)> {
        let mut kids = HashSet::new();
        let mut load = |record: Record| {
            ensure!(kids.insert(record.kid.clone()), "key {} is there twice", record.kid);
            load_entry(record, secret)
        };
        let (mut current, mut retired) = (Vec::new(), Vec::new());
        for record in self.keys {
            let entry = load(record)?;
            let is_retired = entry.record.retired_at.is_some();
            if is_retired { retired.push(entry) } else { current.push(entry) }
        }
        let next = self.next_key.map(load).transpose()?;
        if let Some(Entry { record, .. }) = &next {
            let is_unused = record.retired_at.is_none() && record.alg != Algorithm::HS256;
            ensure!(is_unused, "key {} can't be the next one", record.kid);
        }
        let [current] = <[Entry; 1]>::try_from(current)
            .map_err(|current| anyhow!("{} current keys instead of one", current.len()))?;
        retired.sort_by_key(|entry| std::cmp::Reverse(entry.record.retired_at));
        let (refresh, factors) = (Arc::new(self.refresh_key), self.factor_key.map(Arc::new));
        Ok((KeySet { current, next, retired }, OtherKeys { refresh, factors }))
    }
}

fn load_entry(record: Record, secret: Option<&Secret>) -> anyhow::Result<Entry> {
    ensure!(
        record.retired_at.is_some() == record.verifies_until.is_some(),
        "key {} has one of retired_at and verifies_until",
        record.kid
    );
    Ok(Entry { key: load_key(&record, secret)?.map(Arc::new), record })
}

/// The key of a record. None if it is an HS256 key whose secret is not configured.
fn load_key(record: &Record, secret: Option<&Secret>) -> anyhow::Result<Option<Key>> {
    let key = match (record.alg, &record.private_key) {
        (Algorithm::HS256, None) => {
            return Ok(secret.and_then(|secret| Key::from_secret_with_kid(secret, &record.kid)));
        }
        (Algorithm::HS256, Some(_)) => bail!("key {} holds an HS256 secret", record.kid),
        (_, None) => bail!("key {} lacks its private_key", record.kid),
        (algorithm, Some(pem)) => Key::from_pem(algorithm, pem)
            .with_context(|| format!("key {} is damaged", record.kid))?,
    };
    ensure!(key.kid() == record.kid, "key {} is another key, {}", record.kid, key.kid());
    Ok(Some(key))
}
