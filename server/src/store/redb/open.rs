use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context as _, anyhow, bail, ensure};
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Database, DatabaseError, StorageBackend, StorageError};

use super::failure::Replaced;
use super::schema;
use crate::data_dir;

/// How many bytes of the file redb may keep in memory. That is enough for all branch pages of a
/// million users and many leaves. The system's cache has the rest.
const CACHE: usize = 48 << 20;

/// Another process has the file open.
#[derive(Debug, thiserror::Error)]
#[error("{path} is in use by another hallpass; stop it or choose another --data-dir")]
pub struct InUse {
    path: String,
}

/// The file is empty. Hallpass never leaves an empty file, so its contents are lost.
#[derive(Debug, thiserror::Error)]
#[error("{path} is empty; restore it from a backup")]
pub struct Empty {
    path: String,
}

pub(super) fn make_unless_there(path: &Path) -> anyhow::Result<()> {
    if path.try_exists().with_context(|| format!("can't look for {}", path.display()))? {
        return Ok(());
    }
    data_dir::create_whole(path, |file| {
        schema::migrate(&Database::builder().create_with_backend(FileBackend::new(file)?)?)
    })
}

pub(super) fn open_file(path: &Path) -> anyhow::Result<Database> {
    open_on(FileBackend::new(data_dir::open_file(path)?), path)
}

/// The database's file, which must stay where it is.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Device and inode of the open file. None until it is opened for the first time.
    identity: OnceLock<(u64, u64)>,
}

impl DatabaseFile {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), identity: OnceLock::new() }
    }

    /// Opens the file. Another file in its place is refused: [`Replaced`].
    pub(super) fn open(&self) -> anyhow::Result<Database> {
        let file = data_dir::open_file(&self.path)?;
        let found = identity(&file.metadata()?);
        ensure!(
            *self.identity.get_or_init(|| found) == found,
            Replaced(self.path.display().to_string())
        );
        open_on(FileBackend::new(file), &self.path)
    }

    /// Whether the file that is open is still the one in the directory.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let path = self.path.display();
        let found = fs::metadata(&self.path).map(|metadata| identity(&metadata));
        let found = found.with_context(|| {
            format!(
                "{path} has vanished under the running server; stop it and restore the directory"
            )
        })?;
        ensure!(
            self.identity.get() == Some(&found),
            "{path} was replaced under the running server; restart the server"
        );
        Ok(())
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Opens the database on a backend over the file at `path`.
pub(super) fn open_on(
    backend: Result<impl StorageBackend, DatabaseError>,
    path: &Path,
) -> anyhow::Result<Database> {
    let backend =
        backend.and_then(|backend| Ok((backend.len().map_err(StorageError::Io)?, backend)));
    if matches!(backend, Ok((0, _))) {
        bail!(Empty { path: path.display().to_string() });
    }
    backend
        .map(|(_, backend)| backend)
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
