use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, TryLockError};

use anyhow::{Context as _, anyhow, bail};
use redb::Database;

use super::failure::{NotOpened, is_damage};
use super::guard::guarded;

/// Opens the database. Nobody has it open when this is called.
type Open = Box<dyn Fn() -> anyhow::Result<Database> + Send + Sync>;

/// The database, and how to open it again. After a failed write, such as on a full disk, redb
/// refuses all others until it is opened again.
pub(super) struct Reopening {
    open: Open,
    /// `None` while it can't be opened.
    db: RwLock<Option<Database>>,
    /// Whether a person has to mend something before it can be opened.
    needs_mending: AtomicBool,
    /// Whether it waits for those who work on it, to be closed and opened again.
    is_wanted: AtomicBool,
}

impl Reopening {
    pub(super) fn new(
        open: impl Fn() -> anyhow::Result<Database> + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let db = RwLock::new(Some(guarded(&open)?));
        Ok(Self {
            open: Box::new(open),
            db,
            needs_mending: AtomicBool::new(false),
            is_wanted: AtomicBool::new(false),
        })
    }

    /// Runs `work` on the database. No transaction may outlive it.
    ///
    /// # Errors
    ///
    /// Those of `work`, or [`DamagedFile`](super::guard::DamagedFile) if it panics. Fails at once
    /// while the database is being opened or is closed.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&Database) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let db = match self.db.try_read() {
            Ok(db) => db,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => bail!("the database is being opened again"),
        };
        let db = db.as_ref().ok_or_else(|| self.closed())?;
        guarded(|| work(db))
    }

    /// Whether long work has to stop, so that the database can be opened again.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed)
    }

    fn closed(&self) -> anyhow::Error {
        match self.needs_mending.load(Ordering::Relaxed) {
            true => NotOpened.into(),
            false => anyhow!("the database is closed after a failure"),
        }
    }

    /// Opens the database if it is closed.
    pub(super) fn ensure_open(&self) -> anyhow::Result<()> {
        let is_open = self.db.read().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_open { Ok(()) } else { self.reopen() }
    }

    /// Closes the database and opens it again.
    pub(super) fn reopen(&self) -> anyhow::Result<()> {
        self.is_wanted.store(true, Ordering::Relaxed);
        let mut db = self.db.write().unwrap_or_else(PoisonError::into_inner);
        self.is_wanted.store(false, Ordering::Relaxed);
        // The file is locked as long as it is open.
        let closed = guarded(|| {
            drop(db.take());
            Ok(())
        });
        closed.context("can't close the database")?;
        let opened = guarded(&self.open).context("can't open the database again");
        self.needs_mending.store(opened.as_ref().is_err_and(is_damage), Ordering::Relaxed);
        *db = Some(opened?);
        Ok(())
    }
}

impl Drop for Reopening {
    fn drop(&mut self) {
        let db = self.db.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let closed = guarded(|| {
            drop(db);
            Ok(())
        });
        if let Err(error) = closed {
            tracing::error!("can't close the database: {error:#}");
        }
    }
}

impl fmt::Debug for Reopening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reopening").finish_non_exhaustive()
    }
}
