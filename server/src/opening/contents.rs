//! Finds out what is in a data directory, and judges it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;

use crate::data_dir::{self, DATABASE_FILE};
use crate::keys::{KEYS_FILE, OLD_KEY_FILE};
use crate::store::{KeysRecord, Moment};
use crate::token::LONGEST_ACCEPTED;

/// What is at the path of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Found {
    Missing,
    Empty,
    There,
}

/// Which file a directory has lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Lost {
    #[error("{DATABASE_FILE} is {}", how(*.0))]
    Database(Found),
    #[error("{KEYS_FILE} is {}", how(*.0))]
    Keys(Found),
}

fn how(found: Found) -> &'static str {
    if found == Found::Empty { "empty" } else { "missing" }
}

/// The keys are lost, or their file is damaged.
#[derive(Debug, thiserror::Error)]
#[error(
    "the keys of {dir} are lost ({lost}): restore {KEYS_FILE} from a backup, or sign everybody out \
     and make new keys with `hallpass keys reset`"
)]
pub(crate) struct LostKeys {
    dir: String,
    lost: Lost,
}

/// Keys were made for the database, and it does not hold them.
#[derive(Debug, thiserror::Error)]
#[error(
    "the keys of this database are lost: if they are in the {KEYS_FILE} of a server's data \
     directory, start that server first; else restore a backup of the database, or sign everybody \
     out and make new keys with `hallpass keys reset`"
)]
pub(super) struct LostDatabaseKeys;

/// The database is missing, but other files of the directory are there.
#[derive(Debug, thiserror::Error)]
#[error(
    "the database of {dir} is lost ({lost}): restore {DATABASE_FILE} and {KEYS_FILE} from a backup, \
     or begin anew without any user with `hallpass serve --new`, which moves the old files aside"
)]
pub(super) struct LostDatabase {
    dir: String,
    lost: Lost,
}

/// Applies the table of [`opening`](super). `record` is none while the database is not open.
pub(super) fn judge(database: Found, keys: Found, record: Option<KeysRecord>) -> Result<(), Lost> {
    match (database, keys) {
        (Found::Missing, Found::Missing) | (Found::There, Found::There) => Ok(()),
        (Found::Missing | Found::Empty, _) => Err(Lost::Database(database)),
        (Found::There, Found::Empty) => Err(Lost::Keys(keys)),
        (Found::There, Found::Missing) => match record {
            Some(KeysRecord::Made) => Err(Lost::Keys(keys)),
            Some(KeysRecord::NeverMade | KeysRecord::Reset) | None => Ok(()),
        },
    }
}

/// Looks for the database and the keys. The keys come first: a first start makes the database
/// before the keys, so whoever finds keys then finds the database, too.
pub(super) fn look(dir: &Path) -> anyhow::Result<(Found, Found)> {
    let keys = match find(&dir.join(KEYS_FILE))? {
        Found::Missing => find(&dir.join(OLD_KEY_FILE))?,
        found => found,
    };
    Ok((find(&dir.join(DATABASE_FILE))?, keys))
}

fn find(path: &Path) -> anyhow::Result<Found> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() && metadata.len() == 0 => Ok(Found::Empty),
        Ok(_) => Ok(Found::There),
        // A link to nowhere means that a volume is not mounted. It is no first start.
        Err(error) if error.kind() == ErrorKind::NotFound && path.is_symlink() => Ok(Found::There),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Found::Missing),
        Err(error) => {
            let dir = path.parent().unwrap_or(path);
            let advice = data_dir::advice(dir, &error);
            Err(error).with_context(|| format!("can't look for {}{advice}", path.display()))
        }
    }
}

pub(super) fn refusal(dir: &Path, lost: Lost) -> anyhow::Error {
    let dir = dir.display().to_string();
    match lost {
        Lost::Database(_) => LostDatabase { dir, lost }.into(),
        Lost::Keys(_) => LostKeys { dir, lost }.into(),
    }
}

/// Keeps other processes from opening the directory while the returned file is open. Where
/// directories can't be locked, only the lock on the database protects it.
pub(super) fn lock(dir: &Path) -> anyhow::Result<File> {
    let lock = File::open(dir).with_context(|| format!("can't open {}", dir.display()))?;
    if let Err(error) = lock.lock() {
        tracing::debug!("can't lock {}: {error}", dir.display());
    }
    Ok(lock)
}

/// The time at which keys are given up. Their tokens may have the longest lifetime allowed.
pub(super) fn reset_moment(now: Timestamp) -> Moment {
    Moment { now, tokens_expired_at: now.checked_add(LONGEST_ACCEPTED).unwrap_or(Timestamp::MAX) }
}
