use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use hallpass_contract::Secret;
use jiff::Timestamp;

use super::contents::{Contents, OtherKeys};
use super::entry::{Entry, Record};
use super::keyset::KeySet;
use super::storage::{Loaded, NOT_STORED, Replacement, Storage};
use super::{Algorithm, Key};
use crate::data_dir;

/// The name of the file in the data directory that holds all secrets of the server.
pub const KEYS_FILE: &str = "keys.json";

/// The file that held the only key in earlier versions: Ed25519, PKCS#8 in PEM.
pub const OLD_KEY_FILE: &str = "signing-key.pem";

/// The longest `--access-ttl` that the versions with the old file allowed. The file does not say
/// which was used.
const OLD_LONGEST_TTL_S: u64 = 24 * 60 * 60;

/// The version of every stored file: no other process replaces it.
const STORED: u64 = 1;

/// The keys file of a data directory.
#[derive(Clone, Debug)]
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

impl KeyFile {
    pub(super) fn new(dir: &Path) -> Self {
        Self { path: dir.join(KEYS_FILE), old: dir.join(OLD_KEY_FILE) }
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
            is_introduced: false,
            private_key: Some(pem),
        };
        let current = Entry { record, key: Some(Arc::new(key)) };
        Ok(KeySet { current, next: None, retired: Vec::new() })
    }

    pub(super) fn write(&self, contents: &Contents) -> anyhow::Result<()> {
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

impl Storage for KeyFile {
    /// Loads the keys from this file or the old one. A damaged file is an error and is never
    /// replaced, since that would end every session.
    fn load(&self, secret: Option<&Secret>, now: Timestamp) -> anyhow::Result<Loaded> {
        let damaged = |path: &Path| DamagedKeys { path: path.display().to_string() };
        if let Some(json) = read(&self.path)? {
            let contents = Contents::parse(&json).with_context(|| damaged(&self.path))?;
            let (keys, others) = contents.into_keys(secret).with_context(|| damaged(&self.path))?;
            return Ok(Loaded { version: STORED, keys: Some(keys), others });
        }
        let pem = read(&self.old)?;
        let keys = pem.map(|pem| self.adopt(pem, now)).transpose();
        let keys = keys.with_context(|| damaged(&self.old))?;
        Ok(Loaded { version: NOT_STORED, keys, others: OtherKeys::generate()? })
    }

    fn version(&self) -> anyhow::Result<u64> {
        Ok(STORED)
    }

    fn replace(&self, replacement: &Replacement) -> anyhow::Result<Option<u64>> {
        let stored = self.write(&replacement.new);
        if stored.is_err() && replacement.version != NOT_STORED {
            // If only the last step failed, the new file is already in place, so the old contents
            // are written again.
            let _ = self.write(&replacement.old);
        }
        stored.context("the keys could not be stored and are as before")?;
        Ok(Some(STORED))
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
