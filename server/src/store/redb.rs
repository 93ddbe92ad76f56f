//! The embedded store: one redb file, read on the caller's thread and written by one thread.

mod addresses;
mod audit;
mod backup;
mod challenges;
mod changes;
mod check;
mod copy;
mod database;
mod failure;
mod groups;
mod guard;
mod keys_made;
mod load;
mod names;
mod oauth_clients;
mod open;
mod resets;
mod restrictions;
mod room;
mod schema;
mod sessions;
mod store;
mod tables;
mod users;
mod writer;

#[cfg(test)]
mod tests;

pub use self::backup::{BadBackup, check_backup, restore_backup};
pub use self::check::{Finding, Repaired, check_file, repair_file};
pub(super) use self::copy::RedbCopy;
pub use self::guard::{DamagedFile, Panic, count_panic};
pub use self::open::{Empty, InUse};

use std::path::Path;
use std::sync::Arc;

use redb::{Database, ReadableDatabase as _, ReadableTable as _, WriteTransaction};

use self::database::Reopening;
use self::failure::kind_of;
use self::open::DatabaseFile;
use self::room::Room;
use self::tables::{REVOKED, time};
use self::writer::Writer;
use super::applied::{Applied, News};
use super::error::{EditUserError, StoreError};
use super::id::SessionId;
use super::keys_record::KeysRecord;
use super::restrictions::Restrictions;
use super::revoked::Revoked;
use super::rules;
use super::session::Moment;
use super::versions::Versions;
use crate::metrics::StoreMetrics;

/// The embedded store.
#[derive(Debug)]
pub struct RedbStore {
    // Before `db`, since it is dropped first and finishes its writes then.
    writer: Writer,
    db: Arc<Reopening>,
    /// None in memory.
    disk: Option<Disk>,
    memory: Memory,
}

/// What is answered from memory.
#[derive(Clone, Debug, Default)]
struct Memory {
    revoked: Arc<Revoked>,
    versions: Arc<Versions>,
    restrictions: Restrictions,
}

/// What a readiness probe asks of the disk.
#[derive(Debug)]
struct Disk {
    file: Arc<DatabaseFile>,
    room: Room,
}

impl RedbStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    ///
    /// If another process has it open ([`InUse`]), it is not a redb file, or the disk
    /// refuses.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        Self::open_counted(path, StoreMetrics::unregistered())
    }

    /// As [`open`](Self::open), with what counts its work.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_counted(path: &Path, metrics: StoreMetrics) -> anyhow::Result<Self> {
        open::make_unless_there(path)?;
        let file = Arc::new(DatabaseFile::new(path));
        let opened = Arc::clone(&file);
        let store = Self::new(move || opened.open(), metrics)?;
        let room = Room::of(path);
        Ok(Self { disk: Some(Disk { file, room }), ..store })
    }

    /// A store in memory that is gone with the process, for tests.
    ///
    /// # Errors
    ///
    /// If its thread can't be started.
    pub fn in_memory() -> anyhow::Result<Self> {
        Self::in_memory_counted(StoreMetrics::unregistered())
    }

    /// As [`in_memory`](Self::in_memory), with what counts its work.
    ///
    /// # Errors
    ///
    /// As [`in_memory`](Self::in_memory).
    pub fn in_memory_counted(metrics: StoreMetrics) -> anyhow::Result<Self> {
        Self::new(open::open_in_memory, metrics)
    }

    fn new(
        open: impl Fn() -> anyhow::Result<Database> + Send + Sync + 'static,
        metrics: StoreMetrics,
    ) -> anyhow::Result<Self> {
        let memory = Memory::default();
        let open = {
            let memory = memory.clone();
            // Also when it is opened again: the write that failed may have reached the disk.
            move || {
                let db = open()?;
                schema::migrate(&db)?;
                memory.load(&db)?;
                Ok(db)
            }
        };
        let db = Arc::new(Reopening::new(open)?);
        let writer = Writer::start(Arc::clone(&db), metrics)?;
        Ok(Self { writer, db, disk: None, memory })
    }

    /// Whether keys were made for this database.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub fn keys_record(&self) -> Result<KeysRecord, StoreError> {
        Ok(self.read(keys_made::read)?.0)
    }

    /// Notes that the keys of this database are on the disk, unless that is noted already.
    ///
    /// # Errors
    ///
    /// If the store can't write.
    pub async fn record_keys_made(&self) -> Result<(), StoreError> {
        match self.read(keys_made::read)? {
            (KeysRecord::Made, true) => Ok(()),
            _ => self.writer.write(|txn| keys_made::write(txn, KeysRecord::Made)).await,
        }
    }

    /// Ends all sessions and lets the next start make new keys, both or neither.
    ///
    /// # Errors
    ///
    /// If the store can't write.
    pub async fn record_keys_reset(&self, at: Moment) -> Result<usize, EditUserError> {
        self.write(move |txn| {
            keys_made::write(txn, KeysRecord::Reset)?;
            let decision = rules::end_all_sessions(None, at);
            Ok(changes::apply_unless_refused(txn, decision)?.counting())
        })
        .await?
    }

    fn read<T>(&self, read: impl FnOnce(&Database) -> anyhow::Result<T>) -> Result<T, StoreError> {
        self.db.with(read).map_err(kind_of)
    }

    /// Makes a write and publishes what it changed: from the commit on, the tokens of sessions that
    /// ended are refused and users are read anew, whether or not the caller still waits.
    async fn write<T: Send + 'static>(
        &self,
        apply: impl FnOnce(&WriteTransaction) -> anyhow::Result<Applied<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let memory = self.memory.clone();
        let publish = move |applied: &Applied<T>| memory.publish(&applied.news);
        Ok(self.writer.write_then(apply, publish).await?.answer)
    }
}

impl Memory {
    fn load(&self, db: &Database) -> anyhow::Result<()> {
        let table = db.begin_read()?.open_table(REVOKED)?;
        let entries = table.iter()?.map(|row| {
            let (id, until) = row?;
            Ok((SessionId::from_bytes(*id.value()), time(until.value())))
        });
        self.revoked.extend(&entries.collect::<anyhow::Result<Vec<_>>>()?);
        self.restrictions.replace(restrictions::read(db)?);
        self.versions.all_changed();
        Ok(())
    }

    /// Takes note of what a write changed.
    fn publish(&self, news: &News) {
        self.revoked.extend(&news.revoked);
        self.versions.changed(&news.users);
        if let Some(restricted) = &news.restricted {
            self.restrictions.follow(restricted);
        }
    }
}
