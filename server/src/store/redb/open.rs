use std::path::Path;

use anyhow::{Context as _, anyhow};
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Database, DatabaseError, StorageBackend};

use super::tables;
use crate::data_dir;

/// What redb may keep of the file in memory, in bytes: all that is above the leaves of a million users,
/// and many of those. The rest is as near as the system's cache.
const CACHE: usize = 48 << 20;

/// Another process has the file open.
#[derive(Debug, thiserror::Error)]
#[error("{path} is in use by another hallpass; stop it or choose another --data-dir")]
pub struct InUse {
    path: String,
}

pub(super) fn make_unless_there(path: &Path) -> anyhow::Result<()> {
    if path.try_exists().with_context(|| format!("can't look for {}", path.display()))? {
        return Ok(());
    }
    data_dir::create_whole(path, |file| {
        tables::create(&Database::builder().create_with_backend(FileBackend::new(file)?)?)
    })
}

pub(super) fn open_file(path: &Path) -> anyhow::Result<Database> {
    open_on(FileBackend::new(data_dir::open_file(path)?), path)
}

/// Opens the database on a backend over the file at `path`.
pub(super) fn open_on(
    backend: Result<impl StorageBackend, DatabaseError>,
    path: &Path,
) -> anyhow::Result<Database> {
    backend
        .and_then(|backend| Database::builder().set_cache_size(CACHE).create_with_backend(backend))
        .map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => {
                anyhow!(InUse { path: path.display().to_string() })
            }
            error => anyhow!(error).context(format!("can't open {}", path.display())),
        })
}

pub(super) fn open_in_memory() -> anyhow::Result<Database> {
    Ok(Database::builder().create_with_backend(InMemoryBackend::new())?)
}
