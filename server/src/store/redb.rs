use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use async_trait::async_trait;
use hallpass_contract::Secret;
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{
    Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, TableDefinition,
    WriteTransaction,
};

use super::database::Reopening;
use super::writer::Writer;
use super::{CreateUserError, Store, StoreError, User, UserId};
use crate::data_dir;

/// User id to [`User`] as JSON, which can gain fields without a migration.
const USERS: TableDefinition<'_, &[u8; 16], &[u8]> = TableDefinition::new("users");
/// Case-mapped username to user id.
const USER_IDS_BY_NAME: TableDefinition<'_, &str, &[u8; 16]> =
    TableDefinition::new("user_ids_by_name");

/// The embedded store: one redb file.
#[derive(Debug)]
pub struct RedbStore {
    // Before `db`, since it is dropped first and finishes its writes then.
    writer: Writer,
    db: Arc<Reopening>,
}

impl RedbStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    ///
    /// If another process has it open, it is not a redb file, or the disk refuses.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        if !path.try_exists().with_context(|| format!("can't look for {}", path.display()))? {
            data_dir::create_whole(path, |file| {
                create_tables(&Database::builder().create_with_backend(FileBackend::new(file)?)?)
            })?;
        }
        let path = path.to_owned();
        Self::new(move || open_file(&path))
    }

    /// A store in memory that is gone with the process, for tests.
    ///
    /// # Errors
    ///
    /// If its thread can't be started.
    pub fn in_memory() -> anyhow::Result<Self> {
        Self::new(|| Ok(Database::builder().create_with_backend(InMemoryBackend::new())?))
    }

    fn new(
        open: impl Fn() -> anyhow::Result<Database> + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let db = Arc::new(Reopening::new(open)?);
        db.with(create_tables)?;
        Ok(Self { writer: Writer::start(Arc::clone(&db))?, db })
    }

    fn read_user(&self, id: UserId) -> anyhow::Result<Option<User>> {
        self.db.with(|db| {
            let users = db.begin_read()?.open_table(USERS)?;
            users.get(id.as_bytes())?.map(|json| decode(id, json.value())).transpose()
        })
    }

    fn read_user_id(&self, username_key: &str) -> anyhow::Result<Option<UserId>> {
        self.db.with(|db| {
            let names = db.begin_read()?.open_table(USER_IDS_BY_NAME)?;
            Ok(names.get(username_key)?.map(|id| UserId::from_bytes(*id.value())))
        })
    }
}

// Reads go to redb on the caller's thread: they never wait for the writer, and take microseconds
// as long as the page is in redb's cache (1 GiB) or the system's.
#[async_trait]
impl Store for RedbStore {
    async fn create_user(&self, user: User) -> Result<(), CreateUserError> {
        let created = self.writer.write(move |txn| insert_new(txn, &user)).await?;
        if created { Ok(()) } else { Err(CreateUserError::NameTaken) }
    }

    async fn user_by_id(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.read_user(id)?)
    }

    async fn user_by_name(&self, username_key: &str) -> Result<Option<User>, StoreError> {
        match self.read_user_id(username_key)? {
            Some(id) => Ok(self.read_user(id)?),
            None => Ok(None),
        }
    }

    async fn replace_password_hash(
        &self,
        id: UserId,
        old: Secret,
        new: Secret,
    ) -> Result<(), StoreError> {
        self.writer.write(move |txn| replace_hash(txn, id, old.expose(), new)).await?
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.writer.check().await?;
        Ok(self.db.with(|db| db.begin_read().map(drop).context("can't read"))?)
    }
}

fn open_file(path: &Path) -> anyhow::Result<Database> {
    FileBackend::new(data_dir::open_file(path)?)
        .and_then(|backend| Database::builder().create_with_backend(backend))
        .map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => anyhow!(
                "{} is in use by another hallpass; stop it or choose another --data-dir",
                path.display()
            ),
            error => anyhow!(error).context(format!("can't open {}", path.display())),
        })
}

fn create_tables(db: &Database) -> anyhow::Result<()> {
    let txn = db.begin_write()?;
    txn.open_table(USERS)?;
    txn.open_table(USER_IDS_BY_NAME)?;
    Ok(txn.commit()?)
}

/// Whether it was inserted; not if the name is taken.
fn insert_new(txn: &WriteTransaction, user: &User) -> anyhow::Result<bool> {
    let mut names = txn.open_table(USER_IDS_BY_NAME)?;
    if names.get(user.username_key.as_str())?.is_some() {
        return Ok(false);
    }
    names.insert(user.username_key.as_str(), user.id.as_bytes())?;
    let json = serde_json::to_vec(user)?;
    txn.open_table(USERS)?.insert(user.id.as_bytes(), json.as_slice())?;
    Ok(true)
}

/// The inner result is this user's alone; the outer one is the whole group's.
fn replace_hash(
    txn: &WriteTransaction,
    id: UserId,
    old: &str,
    new: Secret,
) -> anyhow::Result<Result<(), StoreError>> {
    let mut users = txn.open_table(USERS)?;
    let user = users.get(id.as_bytes())?.map(|json| decode(id, json.value())).transpose();
    let user = match user {
        Ok(user) => user.filter(|user| user.password_hash.expose() == old),
        Err(damaged) => return Ok(Err(damaged.into())),
    };
    if let Some(mut user) = user {
        user.password_hash = new;
        users.insert(id.as_bytes(), serde_json::to_vec(&user)?.as_slice())?;
    }
    Ok(Ok(()))
}

fn decode(id: UserId, json: &[u8]) -> anyhow::Result<User> {
    serde_json::from_slice(json).with_context(|| format!("the record of user {id} is damaged"))
}

#[cfg(test)]
mod tests;
