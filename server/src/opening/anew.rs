//! Begins anew: moves the remaining files of a directory aside.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::contents::{Found, Lost, judge, lock, look};
use crate::control::SOCKET_FILE;
use crate::data_dir::DATABASE_FILE;
use crate::keys::{KEYS_FILE, OLD_KEY_FILE};
use crate::store::RedbStore;

/// Moves the remaining files of a directory aside if one is lost, so that the next start begins
/// anew. An empty directory stays as it is.
///
/// # Errors
///
/// If nothing is lost, a server runs here, or the disk fails.
pub(crate) fn set_aside(dir: &Path, now: Timestamp) -> anyhow::Result<()> {
    let _lock = lock(dir)?;
    if look(dir)? == (Found::Missing, Found::Missing) {
        return Ok(());
    }
    let shown = dir.display();
    // A running server may still use a database that is no longer in the directory.
    if UnixStream::connect(dir.join(SOCKET_FILE)).is_ok() {
        bail!("a server runs on {shown}; stop it before you begin anew");
    }
    if lost(dir)?.is_none() {
        bail!("nothing is missing in {shown}; start without --new");
    }
    // In this order: while only the keys are gone, the directory is still refused. Without both it
    // is new.
    for name in [KEYS_FILE, OLD_KEY_FILE, DATABASE_FILE] {
        move_aside(&dir.join(name), now)?;
    }
    File::open(dir)?.sync_all().with_context(|| format!("can't write {shown}"))
}

fn lost(dir: &Path) -> anyhow::Result<Option<Lost>> {
    let (database, keys) = look(dir)?;
    if let Err(lost) = judge(database, keys, None) {
        return Ok(Some(lost));
    }
    // The database is closed again at once. The lock on the directory keeps other processes out.
    let record = RedbStore::open(&dir.join(DATABASE_FILE))?.keys_record()?;
    Ok(judge(database, keys, Some(record)).err())
}

/// Renames a file, if it is there. It stays in its directory.
pub(super) fn move_aside(path: &Path, now: Timestamp) -> anyhow::Result<()> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let aside = free_name(path, now);
    fs::rename(path, &aside).with_context(|| format!("can't move {} aside", path.display()))?;
    tracing::warn!("moved {} aside to {}", path.display(), aside.display());
    Ok(())
}

fn free_name(path: &Path, now: Timestamp) -> PathBuf {
    let time = now.strftime("%Y%m%dT%H%M%SZ");
    let name = |n: u32| {
        let suffix = if n == 1 { String::new() } else { format!("-{n}") };
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{time}{suffix}"));
        PathBuf::from(name)
    };
    let is_free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
    (1..).map(name).find(is_free).unwrap_or_else(|| name(u32::MAX))
}
