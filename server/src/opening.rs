//! Opens a data directory: the database and the keys, which belong together. If one of the two is
//! lost, the directory is refused. It begins anew only if the operator says so.
//!
//! | database | keys | what the database says about the keys | result |
//! |---|---|---|---|
//! | missing | missing | | a new directory: both are made |
//! | missing, empty | there, empty | | refused: the database is lost |
//! | empty | missing | | refused: the database is lost |
//! | whole | there | anything | opened |
//! | whole | missing | never made, or reset | opened, and keys are made |
//! | whole | missing | made | refused: the keys are lost |
//! | whole | empty | anything | refused: the keys are lost |
//!
//! "There" includes a damaged file; it is refused when it is read. Databases of earlier versions
//! say nothing about keys. One with something that only a server writes, such as sessions, counts
//! as "made".
//!
//! Whenever a process is killed, the directory still opens or is refused, as the table says:
//!
//! - **The first start** makes the database, then the keys, then notes in the database that they
//!   are made.
//! - **`user add` before the first start** makes the database only.
//! - **`serve --new`** moves the keys aside, then the database. Then it continues like a first
//!   start.
//! - **`keys reset`** replaces `keys.json` atomically, then ends the sessions. If the keys are
//!   lost, it first notes in one transaction that they are given up and that all sessions have
//!   ended.

mod anew;
mod contents;
mod copy;
pub(crate) mod database;
mod restore;

pub(crate) use self::anew::set_aside;
pub(crate) use self::contents::LostKeys;
pub(crate) use self::copy::{Location, Route, copy_store};
pub(crate) use self::restore::restore;

use std::fs::File;
use std::path::Path;

use hallpass_contract::Secret;
use jiff::Timestamp;

use crate::data_dir::{self, DATABASE_FILE};
use crate::keys::{DamagedKeys, KEYS_FILE, KeyRing, KeySettings, OLD_KEY_FILE, UnusableKeys};
use crate::metrics::StoreMetrics;
use crate::store::{KeysRecord, RedbStore};
use contents::{Found, Lost, LostDatabaseKeys, judge, lock, look, refusal, reset_moment};

fn check(dir: &Path, record: Option<KeysRecord>) -> anyhow::Result<()> {
    let (database, keys) = look(dir)?;
    judge(database, keys, record).map_err(|lost| refusal(dir, lost))
}

/// Opens the store unless the database is lost. The keys are checked later, since the database must
/// be open for that.
fn open_store(dir: &Path, metrics: StoreMetrics) -> anyhow::Result<RedbStore> {
    let (database, keys) = look(dir)?;
    if let Err(lost @ Lost::Database(_)) = judge(database, keys, None) {
        return Err(refusal(dir, lost));
    }
    RedbStore::open_counted(&dir.join(DATABASE_FILE), metrics)
}

/// Opens the directory for a server. Makes what is not there yet.
///
/// # Errors
///
/// If another process has it open ([`InUse`](crate::store::InUse)), a file is lost ([`LostKeys`],
/// [`LostDatabase`]) or damaged, or the disk fails.
pub(crate) async fn for_server(
    dir: &Path,
    settings: KeySettings,
    metrics: StoreMetrics,
    now: Timestamp,
) -> anyhow::Result<(RedbStore, KeyRing)> {
    let store = {
        let _lock = lock(dir)?;
        open_store(dir, metrics)?
    };
    check(dir, Some(store.keys_record()?))?;
    // The store is locked by now, so no other process works in the directory.
    data_dir::remove_unfinished(dir);
    let keys = KeyRing::open(dir, settings, now)?;
    store.record_keys_made().await?;
    Ok((store, keys))
}

/// Opens the directory for a command. A command makes no keys: there are none until a server has
/// made them.
///
/// # Errors
///
/// As [`for_server`].
pub(crate) fn for_command(
    dir: &Path,
    hs256_secret: Option<Secret>,
    now: Timestamp,
) -> anyhow::Result<(RedbStore, Option<KeyRing>)> {
    let store = {
        let _lock = lock(dir)?;
        open_store(dir, StoreMetrics::unregistered())?
    };
    check(dir, Some(store.keys_record()?))?;
    data_dir::remove_unfinished(dir);
    let keys = KeyRing::open_as_is(dir, hs256_secret, now)?;
    Ok((store, keys))
}

/// Whether a first start may make a database here: there is none, and no keys that would belong to
/// it.
pub(crate) fn is_new(dir: &Path) -> anyhow::Result<bool> {
    Ok(look(dir)? == (Found::Missing, Found::Missing))
}

/// Whether only the keys keep a directory or a database from being opened. Then
/// [`give_up_keys`] may help.
pub(crate) fn lacks_keys(error: &anyhow::Error) -> bool {
    let of_directory = error.is::<LostKeys>() || error.is::<DamagedKeys>();
    of_directory || error.is::<LostDatabaseKeys>() || error.is::<UnusableKeys>()
}

/// Gives up keys that are lost or damaged. All sessions end, and the next start makes new keys. A
/// damaged file is moved aside. Returns how many sessions ended.
///
/// # Errors
///
/// As [`for_server`]. If it fails halfway, it can be repeated.
pub(crate) async fn give_up_keys(dir: &Path, now: Timestamp) -> anyhow::Result<usize> {
    let lock = lock(dir)?;
    let store = open_store(dir, StoreMetrics::unregistered())?;
    let ended = store.record_keys_reset(reset_moment(now)).await?;
    for name in [KEYS_FILE, OLD_KEY_FILE] {
        anew::move_aside(&dir.join(name), now)?;
    }
    File::open(dir)?.sync_all()?;
    drop(lock);
    Ok(ended)
}

#[cfg(test)]
mod tests;
