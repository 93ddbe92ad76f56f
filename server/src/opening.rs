//! Opens a data directory: the database and the keys, which belong together. A directory that has
//! lost one of them is refused, never begun anew without being told to.
//!
//! | database | keys | what the database says of keys | |
//! |---|---|---|---|
//! | missing | missing | | a new directory: both are made |
//! | missing, empty | there, empty | | refused: the database is lost |
//! | empty | missing | | refused: the database is lost |
//! | whole | there | anything | opened |
//! | whole | missing | never made, or reset | opened, and keys are made |
//! | whole | missing | made | refused: the keys are lost |
//! | whole | empty | anything | refused: the keys are lost |
//!
//! "There" includes a damaged file, which is refused when it is read. A database from before it
//! said anything of keys says "made" if it holds what only a server writes, such as sessions.
//!
//! Whenever a process is killed, the directory opens or is refused as above:
//!
//! - **The first start** makes the database, then the keys, then notes them in the database.
//! - **`user add` before it** makes the database and nothing else.
//! - **`serve --new`** moves the keys aside, then the database, then is a first start.
//! - **`keys reset`** replaces `keys.json` at once, then ends the sessions. Where keys are lost, it
//!   first notes that they are given up and ends the sessions, both or neither.

mod anew;
mod contents;
pub(crate) mod database;

pub(crate) use self::anew::set_aside;
pub(crate) use self::contents::LostKeys;

use std::fs::File;
use std::path::Path;

use hallpass_contract::Secret;
use jiff::Timestamp;

use crate::data_dir::{self, DATABASE_FILE};
use crate::keys::{DamagedKeys, KEYS_FILE, KeyRing, KeySettings, OLD_KEY_FILE};
use crate::metrics::StoreMetrics;
use crate::store::{KeysRecord, Moment, RedbStore};
use crate::token::LONGEST_ACCEPTED;
use contents::{Found, Lost, judge, lock, look, refusal};

fn check(dir: &Path, record: Option<KeysRecord>) -> anyhow::Result<()> {
    let (database, keys) = look(dir)?;
    judge(database, keys, record).map_err(|lost| refusal(dir, lost))
}

/// The store, if it is there; whether the keys are may be asked of it then.
fn open_store(dir: &Path, metrics: StoreMetrics) -> anyhow::Result<RedbStore> {
    let (database, keys) = look(dir)?;
    if let Err(lost @ Lost::Database(_)) = judge(database, keys, None) {
        return Err(refusal(dir, lost));
    }
    RedbStore::open_counted(&dir.join(DATABASE_FILE), metrics)
}

/// Opens the directory for a server, which makes what is not there yet.
///
/// # Errors
///
/// If another process has it open ([`InUse`](crate::store::InUse)), it has lost a file
/// ([`LostKeys`], [`LostDatabase`]), a file is damaged, or the disk refuses.
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
    // The store is locked by now, so nobody else is at work here.
    data_dir::remove_unfinished(dir);
    let keys = KeyRing::open(dir, settings, now)?;
    store.record_keys_made().await?;
    Ok((store, keys))
}

/// Opens the directory for a command, which makes no keys: none if a server has yet to make them.
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

/// Whether the directory has no database, and nothing else that would miss one.
///
/// # Errors
///
/// If it can't be looked at.
pub(crate) fn is_new(dir: &Path) -> anyhow::Result<bool> {
    Ok(look(dir)? == (Found::Missing, Found::Missing))
}

/// Whether a directory could be opened but for its keys, so that [`give_up_keys`] may help.
pub(crate) fn lacks_keys(error: &anyhow::Error) -> bool {
    error.is::<LostKeys>() || error.is::<DamagedKeys>()
}

/// Gives up keys that are lost or damaged: all sessions end, and the next start makes new keys. A
/// damaged file is moved aside. Returns how many sessions ended.
///
/// # Errors
///
/// As [`for_server`]. Done halfway, it can be done again.
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

/// When keys are given up, whatever lifetime their tokens have.
fn reset_moment(now: Timestamp) -> Moment {
    Moment { now, tokens_expired_at: now.checked_add(LONGEST_ACCEPTED).unwrap_or(Timestamp::MAX) }
}

#[cfg(test)]
mod tests;
