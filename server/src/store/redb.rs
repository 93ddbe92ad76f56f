//! The embedded store: one redb file, read on the caller's thread and written by one thread.

mod addresses;
mod check;
mod database;
mod guard;
mod keys_made;
mod names;
mod open;
mod resets;
mod room;
mod sessions;
mod tables;
mod users;
mod writer;

pub use self::check::{Finding, Repaired, check_file, repair_file};
pub use self::guard::{DamagedFile, Panic, count_panic};
pub use self::open::{Empty, InUse};

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use async_trait::async_trait;
use hallpass_contract::Secret;
use jiff::Timestamp;
use redb::{
    Database, ReadableDatabase as _, ReadableTable, ReadableTableMetadata as _, WriteTransaction,
};

use self::database::Reopening;
use self::open::DatabaseFile;
use self::room::Room;
use self::tables::{
    ADDRESSES, LOOKS, RESETS, REVOKED, SESSIONS, SESSIONS_BY_USER, USER_IDS_BY_NAME, USERS,
    or_none, time,
};
use self::users::{Ending, Registered};
use self::writer::Writer;
use super::revoked::Revoked;
use super::session::{Moment, NewSession, Refresh, Rotation, Session, Verified};
use super::user::{
    Actor, CreateUserError, EditUserError, Edited, OpenReset, ResetOffer, User, UserEdit,
};
use super::{KeysRecord, SessionId, Store, StoreCounts, StoreError, UserId, Users};
use crate::metrics::StoreMetrics;

/// How a table keeps an id.
type Id = &'static [u8; 16];

/// A table of sessions, open to read or to write.
trait Sessions: ReadableTable<Id, (i64, &'static [u8])> {}
impl<T: ReadableTable<Id, (i64, &'static [u8])>> Sessions for T {}

/// Expired sessions that are removed in one go, so that no other write waits long.
const SWEEP_BATCH: usize = 1000;

/// The embedded store.
#[derive(Debug)]
pub struct RedbStore {
    // Before `db`, since it is dropped first and finishes its writes then.
    writer: Writer,
    db: Arc<Reopening>,
    /// None in memory.
    disk: Option<Disk>,
    revoked: Arc<Revoked>,
    /// See [`Store::users_version`].
    users_version: Arc<AtomicU64>,
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
        let revoked = Arc::new(Revoked::default());
        let users_version = Arc::new(AtomicU64::new(0));
        let open = {
            let (revoked, users_version) = (Arc::clone(&revoked), Arc::clone(&users_version));
            // Also when it is opened again: the write that failed may have reached the disk.
            move || {
                let db = open()?;
                tables::create(&db)?;
                names::migrate(&db)?;
                load_revoked(&db, &revoked)?;
                users_version.fetch_add(1, Ordering::Release);
                Ok(db)
            }
        };
        let db = Arc::new(Reopening::new(open)?);
        let writer = Writer::start(Arc::clone(&db), metrics)?;
        Ok(Self { writer, db, disk: None, revoked, users_version })
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
    pub async fn record_keys_reset(&self, at: Moment) -> Result<usize, StoreError> {
        self.ending(move |txn| {
            keys_made::write(txn, KeysRecord::Reset)?;
            let ended = sessions::end_of_everybody(txn, at)?;
            Ok(Ending { value: ended.len(), ended })
        })
        .await
    }

    fn read<T>(&self, read: impl FnOnce(&Database) -> anyhow::Result<T>) -> Result<T, StoreError> {
        Ok(self.db.with(read)?)
    }

    /// A write that may end sessions: their tokens are refused from the commit on, whether or not
    /// whoever asked for it still waits.
    async fn ending<T: Send + 'static>(
        &self,
        apply: impl FnOnce(&WriteTransaction) -> anyhow::Result<Ending<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.told(false, apply).await
    }

    /// As [`ending`](Self::ending), of what may change a user who is there.
    async fn changing<T: Send + 'static>(
        &self,
        apply: impl FnOnce(&WriteTransaction) -> anyhow::Result<Ending<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.told(true, apply).await
    }

    async fn told<T: Send + 'static>(
        &self,
        user_changes: bool,
        apply: impl FnOnce(&WriteTransaction) -> anyhow::Result<Ending<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (revoked, users_version) = (Arc::clone(&self.revoked), Arc::clone(&self.users_version));
        let committed = move |ending: &Ending<T>| {
            revoked.extend(&ending.ended);
            if user_changes {
                users_version.fetch_add(1, Ordering::Release);
            }
        };
        Ok(self.writer.write_then(apply, committed).await?.value)
    }
}

fn load_revoked(db: &Database, revoked: &Revoked) -> anyhow::Result<()> {
    let table = db.begin_read()?.open_table(REVOKED)?;
    let entries = table.iter()?.map(|row| {
        let (id, until) = row?;
        Ok((SessionId::from_bytes(*id.value()), time(until.value())))
    });
    revoked.extend(&entries.collect::<anyhow::Result<Vec<_>>>()?);
    Ok(())
}

fn read_user(db: &Database, id: UserId) -> anyhow::Result<Option<User>> {
    users::get(&db.begin_read()?.open_table(USERS)?, id)
}

fn read_user_id(db: &Database, username_key: &str) -> anyhow::Result<Option<UserId>> {
    names::in_read(&db.begin_read()?)?.find(username_key)
}

// Reads go to redb on the caller's thread: they never wait for the writer, and take microseconds
// as long as the page is in redb's cache or the system's.
#[async_trait]
impl Store for RedbStore {
    async fn create_user(
        &self,
        user: User,
        address: Option<String>,
    ) -> Result<(), CreateUserError> {
        match self.writer.write(move |txn| users::register(txn, &user, address)).await? {
            Registered::Done => Ok(()),
            Registered::NameTaken => Err(CreateUserError::NameTaken),
            Registered::LooksLikeAnother => Err(CreateUserError::LooksLikeAnother),
        }
    }

    async fn import_users(&self, users: Vec<User>) -> Result<Vec<bool>, StoreError> {
        self.writer.write(move |txn| users::import(txn, &users)).await
    }

    async fn user_by_id(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(|db| read_user(db, id))
    }

    async fn user_by_name(&self, username_key: &str) -> Result<Option<User>, StoreError> {
        self.read(|db| read_user_id(db, username_key)?.map_or(Ok(None), |id| read_user(db, id)))
    }

    async fn account_of(&self, username_key: &str) -> Result<String, StoreError> {
        self.read(|db| names::in_read(&db.begin_read()?)?.account(username_key))
    }

    async fn looks_like_another(&self, username: &str) -> Result<bool, StoreError> {
        self.read(|db| {
            let txn = db.begin_read()?;
            let (names, looks) = (txn.open_table(USER_IDS_BY_NAME)?, txn.open_table(LOOKS)?);
            names::looks_like_another(&names, &looks, username)
        })
    }

    async fn users(&self, after: Option<UserId>, limit: usize) -> Result<Users, StoreError> {
        self.read(|db| users::page(&db.begin_read()?.open_table(USERS)?, after, limit))
    }

    async fn edit_user(
        &self,
        id: UserId,
        edit: UserEdit,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<Edited, EditUserError> {
        self.changing(move |txn| users::edit(txn, id, edit, by, at)).await?
    }

    async fn delete_user(
        &self,
        id: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<User, EditUserError> {
        self.changing(move |txn| users::delete(txn, id, by, at)).await?
    }

    async fn set_password(&self, id: UserId, new: Secret, at: Moment) -> Result<bool, StoreError> {
        self.changing(move |txn| users::set_password(txn, id, new, at)).await
    }

    async fn change_password(
        &self,
        by: Actor,
        version: u32,
        new: Secret,
        at: Moment,
    ) -> Result<(), EditUserError> {
        self.changing(move |txn| users::change_password(txn, by, version, new, at)).await?
    }

    async fn offer_reset(&self, offer: ResetOffer) -> Result<(), EditUserError> {
        self.writer.write(move |txn| resets::offer(txn, &offer)).await?
    }

    async fn open_resets(&self, now: Timestamp) -> Result<Vec<OpenReset>, StoreError> {
        self.read(|db| resets::list(db, now))
    }

    async fn withdraw_reset(
        &self,
        user: UserId,
        by: Option<Actor>,
        now: Timestamp,
    ) -> Result<(), EditUserError> {
        self.writer.write(move |txn| resets::withdraw_as(txn, user, by, now)).await?
    }

    async fn reset_offered(
        &self,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        self.read(|db| {
            let txn = db.begin_read()?;
            let (resets, users) = (txn.open_table(RESETS)?, txn.open_table(USERS)?);
            resets::find(&resets, &users, &token_hash, now)
        })
    }

    async fn take_up_reset(
        &self,
        token_hash: [u8; 32],
        new: Secret,
        at: Moment,
    ) -> Result<Option<UserId>, StoreError> {
        self.changing(move |txn| resets::take_up(txn, &token_hash, new, at)).await
    }

    async fn start_session(&self, new: NewSession) -> Result<Option<User>, StoreError> {
        let renewed = new.verified.renewed.is_some();
        self.told(renewed, move |txn| sessions::start(txn, new)).await
    }

    async fn is_known_address(
        &self,
        username_key: &str,
        address: &str,
    ) -> Result<bool, StoreError> {
        self.read(|db| {
            let id = read_user_id(db, username_key)?.unwrap_or(UserId::NOBODY);
            let known = addresses::of(&db.begin_read()?.open_table(ADDRESSES)?, id)?;
            Ok(known.iter().any(|known| known == address))
        })
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.read(|db| sessions::get(&db.begin_read()?.open_table(SESSIONS)?, id))
    }

    async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        self.read(|db| {
            let txn = db.begin_read()?;
            let sessions = txn.open_table(SESSIONS)?;
            let ids = sessions::ids_of(&txn.open_table(SESSIONS_BY_USER)?, user)?;
            let rows = ids.into_iter().map(|id| or_none(sessions::get(&sessions, id)));
            let live = |session: &Session| session.is_live(now);
            rows.filter_map(Result::transpose)
                .filter(|row| row.as_ref().map_or(true, live))
                .collect()
        })
    }

    async fn refresh(&self, refresh: Refresh) -> Result<Rotation, StoreError> {
        self.ending(move |txn| sessions::refresh(txn, refresh)).await
    }

    async fn reauthenticate(
        &self,
        id: SessionId,
        verified: Verified,
        at: Moment,
    ) -> Result<Option<(Session, User)>, StoreError> {
        let renewed = verified.renewed.is_some();
        let apply =
            move |txn: &_| sessions::reauthenticate(txn, id, verified, at).map(Ending::none);
        self.told(renewed, apply).await
    }

    async fn end_session(&self, id: SessionId, at: Moment) -> Result<(), StoreError> {
        self.ending(move |txn| sessions::end_one(txn, id, at)).await
    }

    async fn end_other_sessions(&self, by: Actor, at: Moment) -> Result<usize, EditUserError> {
        let keep = Some(by.session);
        self.ending(move |txn| users::end_sessions(txn, by.user, keep, Some(by), at)).await?
    }

    async fn end_sessions(
        &self,
        user: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<usize, EditUserError> {
        self.ending(move |txn| users::end_sessions(txn, user, None, by, at)).await?
    }

    async fn end_all_sessions(&self, at: Moment) -> Result<usize, StoreError> {
        self.ending(move |txn| {
            let ended = sessions::end_of_everybody(txn, at)?;
            Ok(Ending { value: ended.len(), ended })
        })
        .await
    }

    fn is_revoked(&self, id: SessionId) -> bool {
        self.revoked.contains(id)
    }

    fn users_version(&self) -> u64 {
        self.users_version.load(Ordering::Acquire)
    }

    async fn sweep(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut swept = 0;
        loop {
            let db = Arc::clone(&self.db);
            let find = move || db.with(|db| sessions::expired(db, now, SWEEP_BATCH));
            let ids = tokio::task::spawn_blocking(find).await.context("the sweep panicked")??;
            let found = ids.len();
            swept += self.ending(move |txn| sessions::remove_expired(txn, &ids, now)).await?;
            if found < SWEEP_BATCH {
                break;
            }
        }
        let forget = move |txn: &_| {
            resets::sweep(txn, now)?;
            sessions::forget_revoked(txn, now)
        };
        self.writer.write(forget).await?;
        self.revoked.forget_expired(now);
        Ok(swept)
    }

    async fn counts(&self) -> Result<StoreCounts, StoreError> {
        // The tables know how many rows they have.
        let (users, sessions) = self.read(|db| {
            let txn = db.begin_read()?;
            Ok((txn.open_table(USERS)?.len()?, txn.open_table(SESSIONS)?.len()?))
        })?;
        let revoked = self.revoked.len() as u64;
        Ok(StoreCounts { users, sessions, revoked, queue: self.writer.queued() as u64 })
    }

    async fn check(&self) -> Result<(), StoreError> {
        if let Some(disk) = &self.disk {
            disk.file.check()?;
            disk.room.check().await?;
        }
        self.writer.check().await?;
        self.read(|db| db.begin_read().map(drop).context("can't read"))
    }
}

#[cfg(test)]
mod tests;
