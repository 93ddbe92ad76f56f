use std::collections::HashSet;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail, ensure};
use hallpass_contract::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::entry::{Entry, Record};
use super::keyset::KeySet;
use super::{Algorithm, Key, RefreshKey};
use crate::data_dir;

/// The name of the file in the data directory that holds all secrets of the server.
pub const KEYS_FILE: &str = "keys.json";

/// The file that held the only key in earlier versions: Ed25519, PKCS#8 in PEM.
pub const OLD_KEY_FILE: &str = "signing-key.pem";

/// The longest `--access-ttl` that the versions with the old file allowed. The file does not say
/// which was used.
const OLD_LONGEST_TTL_S: u64 = 24 * 60 * 60;

/// [`KEYS_FILE`] as JSON. A file with an unknown member is refused: a later version wrote it, and
/// an earlier one must not drop the member.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contents {
    /// The current key and the retired ones.
    keys: Vec<Record>,
    /// Absent under HS256, and in files of versions without a next key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_key: Option<Record>,
    refresh_key: RefreshKey,
}

/// The keys file of a data directory.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
    old: PathBuf,
}

/// There is a keys file, but it can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{path} is damaged; restore it, or make new keys with `hallpass keys reset`")]
pub struct DamagedKeys {
    path: String,
}

/// The keys that a data directory holds.
pub(super) struct Loaded {
    /// None at the very first start.
    pub(super) keys: Option<KeySet>,
    pub(super) refresh_key: RefreshKey,
    /// The contents of [`KEYS_FILE`], if it is there.
    pub(super) stored: Option<Contents>,
}

impl Contents {
    pub(super) fn new(keys: &KeySet, refresh_key: &RefreshKey) -> Self {
        let record = |entry: &Entry| entry.record.clone();
        Self {
            keys: std::iter::once(&keys.current).chain(&keys.retired).map(record).collect(),
            next_key: keys.next.as_ref().map(record),
            refresh_key: refresh_key.clone(),
        }
    }

    /// The text of the file.
    pub(super) fn to_text(&self) -> anyhow::Result<Secret> {
        Ok(Secret::from(serde_json::to_string_pretty(self)? + "\n"))
    }

    /// Errors name only the place, since the parser's own messages quote the file.
    fn parse(json: &Secret) -> anyhow::Result<Self> {
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
    fn into_keys(self, secret: Option<&Secret>) -> anyhow::Result<(KeySet, RefreshKey)> {
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
        Ok((KeySet { current, next, retired }, self.refresh_key))
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

impl KeyFile {
    pub(super) fn new(dir: &Path) -> Self {
        Self { path: dir.join(KEYS_FILE), old: dir.join(OLD_KEY_FILE) }
    }

    /// Loads the keys from this file or the old one. A damaged file is an error and is never
    /// replaced, since that would end every session.
    pub(super) fn load(&self, secret: Option<&Secret>, now: Timestamp) -> anyhow::Result<Loaded> {
        let damaged = |path: &Path| DamagedKeys { path: path.display().to_string() };
        if let Some(json) = read(&self.path)? {
            let contents = Contents::parse(&json).with_context(|| damaged(&self.path))?;
            let stored = Some(contents.clone());
            let (keys, refresh_key) =
                contents.into_keys(secret).with_context(|| damaged(&self.path))?;
            return Ok(Loaded { keys: Some(keys), refresh_key, stored });
        }
        let pem = read(&self.old)?;
        let keys = pem.map(|pem| self.adopt(pem, now)).transpose();
        let keys = keys.with_context(|| damaged(&self.old))?;
        Ok(Loaded { keys, refresh_key: RefreshKey::generate()?, stored: None })
    }

    /// Takes over the old file's key under the same kid, so that its tokens stay valid.
    fn adopt(&self, pem: Secret, now: Timestamp) -> anyhow::Result<KeySet> {
        let key = Key::from_pem(Algorithm::EdDSA, &pem)?;
        let modified = fs::metadata(&self.old).and_then(|metadata| metadata.modified());
        let created_at = modified.ok().and_then(|time| Timestamp::try_from(time).ok());
        let record = Record {
            kid: key.kid().to_owned(),
            alg: Algorithm::EdDSA,
            created_at: created_at.unwrap_or(now),
            retired_at: None,
            verifies_until: None,
            longest_ttl_s: OLD_LONGEST_TTL_S,
            private_key: Some(pem),
        };
        let current = Entry { record, key: Some(Arc::new(key)) };
        Ok(KeySet { current, next: None, retired: Vec::new() })
    }

    /// Replaces the file. Once this returns, the new contents survive a power cut.
    pub(super) fn store(&self, contents: &Contents) -> anyhow::Result<()> {
        let text = contents.to_text()?;
        data_dir::replace_whole(
            &self.path,
            |mut file| Ok(file.write_all(text.expose().as_bytes())?),
        )
    }

    /// Removes the old file once its key is stored here. If it holds another key by now, it stays.
    pub(super) fn remove_old(&self, keys: &KeySet) {
        let Ok(Some(pem)) = read(&self.old) else { return };
        let path = self.old.display();
        let kid = Key::from_pem(Algorithm::EdDSA, &pem).map(|key| key.kid().to_owned());
        if !kid.is_ok_and(|kid| keys.records().any(|record| record.kid == kid)) {
            tracing::warn!(%path, "this file is not used any more; remove it");
            return;
        }
        match fs::remove_file(&self.old) {
            Ok(()) => tracing::info!(%path, "moved the key into {KEYS_FILE}"),
            Err(error) => tracing::warn!(%path, "can't remove the old file of a key: {error}"),
        }
    }
}

/// The text of a file. None if there is no file.
fn read(path: &Path) -> anyhow::Result<Option<Secret>> {
    match fs::read_to_string(path) {
        Ok(text) => {
            data_dir::warn_if_others_can_read(path);
            Ok(Some(text.into()))
        }
        // A link to nowhere means that a volume is not mounted. It is no first start.
        Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => Ok(None),
        Err(error) => {
            let advice = match data_dir::advice(path, &error) {
                none if none.is_empty() => "; restore it".to_owned(),
                advice => advice,
            };
            Err(error).with_context(|| format!("can't read {}{advice}", path.display()))
        }
    }
}
