use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use uuid::Uuid;

/// Its name in the data directory.
const NAME: &str = "node";

/// The file that says as which node the data directory's server is registered. It is locked while
/// the server runs: whoever has the lock knows that the server before is dead.
#[derive(Debug)]
pub(in crate::store::postgres) struct NodeFile {
    file: File,
    /// As whom the server before was registered, if that is certain to be dead.
    last: Option<Uuid>,
}

impl NodeFile {
    /// Locks the file, and makes it unless it is there.
    ///
    /// # Errors
    ///
    /// If another server runs on the directory.
    pub(in crate::store::postgres) fn open(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(NAME);
        let failed = || format!("can't open {}", path.display());
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).with_context(failed)?;
        let is_locked = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => bail!(
                "another hallpass server runs on {}; stop it or choose another --data-dir",
                dir.display()
            ),
            Err(TryLockError::Error(error)) => {
                tracing::warn!("can't lock {}: {error}", path.display());
                false
            }
        };
        let mut text = String::new();
        let read = file.read_to_string(&mut text);
        let last = read.ok().and_then(|_| text.trim().parse().ok());
        Ok(Self { file, last: last.filter(|_| is_locked) })
    }

    /// As whom the server was registered last.
    pub(super) fn last(&self) -> Option<Uuid> {
        self.last
    }

    /// Notes as whom the server is going to be registered.
    pub(super) fn note(&mut self, id: Uuid) -> anyhow::Result<()> {
        self.file.rewind()?;
        self.file.set_len(0)?;
        writeln!(self.file, "{id}")?;
        self.file.sync_all()?;
        self.last = Some(id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_server_knows_who_the_last_one_was_and_runs_only_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = NodeFile::open(dir.path()).unwrap();
        assert_eq!(first.last(), None);
        first.note(Uuid::from_u128(1)).unwrap();
        first.note(Uuid::from_u128(2)).unwrap();
        let refused = NodeFile::open(dir.path()).unwrap_err().to_string();
        assert!(refused.contains("another hallpass server"), "{refused}");
        drop(first);
        assert_eq!(NodeFile::open(dir.path()).unwrap().last(), Some(Uuid::from_u128(2)));
        std::fs::write(dir.path().join(NAME), "half a").unwrap();
        assert_eq!(NodeFile::open(dir.path()).unwrap().last(), None);
    }
}
