//! Copies a store and its keys between a data directory and PostgreSQL. No server may use either.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;

use super::contents::{Found, lock, look};
use crate::data_dir::{self, DATABASE_FILE};
use crate::keys::{MasterKey, StoredKeys};
use crate::store::{Copied, Copying, DatabaseUrl, Place, Progress};

/// Where a store is, or is to be.
#[derive(Clone, Debug)]
pub(crate) enum Location {
    Directory(PathBuf),
    Database(DatabaseUrl),
}

/// From where to where.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) from: Location,
    pub(crate) to: Location,
    /// What seals the keys in a database.
    pub(crate) master: MasterKey,
}

/// Copies everything from one place to the other. The target is a new data directory or an empty
/// database.
///
/// # Errors
///
/// If a server uses one of them, the source is damaged, the target holds something else, or one of
/// them fails. Then the target is as it was.
pub(crate) async fn copy_store(
    route: &Route,
    now: Timestamp,
    progress: impl FnMut(Progress) + Send,
) -> anyhow::Result<Copied> {
    let _lock = prepare(&route.from, &route.to)?;
    let (from, to) = (route.from.file(), route.to.file());
    let (from, to) = (route.from.place(&from), route.to.place(&to));
    let mut copying = Copying::of(from, to, progress).await?;
    let sealed = carry_keys(route, &mut copying, now).await?;
    copying.finish(sealed).await
}

impl Location {
    /// The file with the store, if it is in one.
    fn file(&self) -> PathBuf {
        match self {
            Self::Directory(dir) => dir.join(DATABASE_FILE),
            Self::Database(_) => PathBuf::new(),
        }
    }

    fn place<'a>(&'a self, file: &'a Path) -> Place<'a> {
        match self {
            Self::Directory(_) => Place::File(file),
            Self::Database(url) => Place::Database(url),
        }
    }
}

/// Locks the directory, if there is one, until the file is dropped.
fn prepare(from: &Location, to: &Location) -> anyhow::Result<Option<File>> {
    match (from, to) {
        (Location::Directory(_), Location::Directory(_)) => {
            bail!("both are data directories; stop the server and copy the directory as it is")
        }
        (Location::Directory(from), _) => {
            if look(from)?.0 == Found::Missing {
                bail!(
                    "there is no hallpass database in {}; name another with --from",
                    from.display()
                );
            }
            lock(from).map(Some)
        }
        (_, Location::Directory(to)) => {
            data_dir::create(to)?;
            let lock = lock(to)?;
            data_dir::remove_unfinished(to);
            Ok(Some(lock))
        }
        (Location::Database(_), Location::Database(_)) => Ok(None),
    }
}

/// Writes the keys into a directory that is the target. For a database, returns what it is to hold.
async fn carry_keys(
    route: &Route,
    copying: &mut Copying,
    now: Timestamp,
) -> anyhow::Result<Option<Vec<u8>>> {
    let Route { from, to, master } = route;
    let [source, target] = copying.sealed_keys().await?;
    let keys = match (from, source) {
        (Location::Directory(dir), _) => StoredKeys::of_directory(dir, now)?,
        (_, Some(sealed)) => StoredKeys::of_database(&sealed, master)?,
        (_, None) => None,
    };
    let Some(keys) = keys else {
        let is_lost = copying.has_keys().await?;
        ensure!(!is_lost, "the source has lost its keys; run `hallpass keys reset` on it first");
        return Ok(None);
    };
    match to {
        Location::Directory(dir) => keys.write_into(dir, now).map(|()| None),
        Location::Database(_) => {
            keys.seal_for(&target.context("the target can't hold keys")?, master)
        }
    }
}
