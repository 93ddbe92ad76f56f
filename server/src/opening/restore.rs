//! Makes a data directory from a backup.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};

use super::contents::lock;
use crate::data_dir::{self, DATABASE_FILE, UNFINISHED};
use crate::keys::KEYS_FILE;
use crate::store::{BackupHead, restore_backup, verify_backup};

/// Restores a backup into a directory that is empty or not there. `open` opens it from its
/// beginning: it is verified before anything is made from it. If it fails, it can be repeated.
///
/// # Errors
///
/// If the directory is not empty, the backup is not sound, or the disk refuses.
pub(crate) fn restore(
    dir: &Path,
    open: impl Fn() -> anyhow::Result<Box<dyn Read>>,
) -> anyhow::Result<BackupHead> {
    let (_, keys) = verify_backup(open()?)?;
    let keys = keys.as_ref().map(|keys| keys.expose().as_bytes());
    data_dir::create(dir)?;
    let _lock = lock(dir)?;
    check_empty(dir, keys)?;
    data_dir::remove_unfinished(dir);
    // In this order: while only the keys are there, the directory is refused.
    if let Some(keys) = keys {
        data_dir::create_whole(&dir.join(KEYS_FILE), |mut file| Ok(file.write_all(keys)?))?;
    }
    let (head, _) = restore_backup(&dir.join(DATABASE_FILE), open()?)?;
    Ok(head)
}

/// The keys of the same backup may be there: an earlier attempt was interrupted.
fn check_empty(dir: &Path, keys: Option<&[u8]>) -> anyhow::Result<()> {
    let shown = dir.display();
    let entries = fs::read_dir(dir).with_context(|| format!("can't look into {shown}"))?;
    for entry in entries {
        let name = entry.with_context(|| format!("can't look into {shown}"))?.file_name();
        let is_ours = name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes())
            || name == OsStr::new("lost+found")
            || (name == OsStr::new(KEYS_FILE) && fs::read(dir.join(&name)).ok().as_deref() == keys);
        if !is_ours {
            let name = name.display();
            bail!(
                "{shown} is not empty: it holds {name}; name another directory, or move its files \
                 away first"
            );
        }
    }
    Ok(())
}
