//! Copies a store between a data directory and PostgreSQL. No server may use either.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::contents::{Found, lock, look};
use crate::data_dir::{self, DATABASE_FILE};
use crate::store::{Copied, DatabaseUrl, Place, Progress, copy};

/// Where a store is, or is to be.
#[derive(Clone, Debug)]
pub(crate) enum Location {
    Directory(PathBuf),
    Database(DatabaseUrl),
}

/// Copies everything from one place to the other. The target is a new data directory or an empty
/// database.
///
/// # Errors
///
/// If a server uses one of them, the source is damaged, the target holds something else, or one of
/// them fails. Then the target is as it was.
pub(crate) async fn copy_store(
    from: &Location,
    to: &Location,
    progress: impl FnMut(Progress) + Send,
) -> anyhow::Result<Copied> {
    match (from, to) {
        (Location::Directory(from), Location::Database(url)) => {
            let _lock = lock_source(from)?;
            copy(Place::File(&from.join(DATABASE_FILE)), Place::Database(url), progress).await
        }
        (Location::Database(url), Location::Directory(to)) => {
            data_dir::create(to)?;
            let _lock = lock(to)?;
            data_dir::remove_unfinished(to);
            copy(Place::Database(url), Place::File(&to.join(DATABASE_FILE)), progress).await
        }
        (Location::Database(from), Location::Database(to)) => {
            copy(Place::Database(from), Place::Database(to), progress).await
        }
        (Location::Directory(_), Location::Directory(_)) => {
            bail!("both are data directories; stop the server and copy the directory as it is")
        }
    }
}

fn lock_source(dir: &Path) -> anyhow::Result<File> {
    if look(dir)?.0 == Found::Missing {
        bail!("there is no hallpass database in {}; name another with --from", dir.display());
    }
    lock(dir)
}
