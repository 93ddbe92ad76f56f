use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use async_trait::async_trait;
use redb::{
    Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, TableDefinition,
    WriteTransaction,
};

use super::writer::Writer;
use super::{CreateUserError, Store, StoreError, User, UserId};

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
    db: Arc<Database>,
}

impl RedbStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    ///
    /// If another process has it open, it is not a redb file, or the disk refuses.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let db = Database::create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => anyhow!(
                "{} is in use by another hallpass; stop it or choose another --data-dir",
                path.display()
            ),
            error => anyhow!(error).context(format!("can't open {}", path.display())),
        })?;
        Self::new(db)
    }

    /// A store in memory that is gone with the process, for tests.
    ///
    /// # Errors
    ///
    /// If its thread can't be started.
    pub fn in_memory() -> anyhow::Result<Self> {
        let backend = redb::backends::InMemoryBackend::new();
        Self::new(Database::builder().create_with_backend(backend)?)
    }

    fn new(db: Database) -> anyhow::Result<Self> {
        let txn = db.begin_write()?;
        txn.open_table(USERS)?;
        txn.open_table(USER_IDS_BY_NAME)?;
        txn.commit()?;
        let db = Arc::new(db);
        Ok(Self { writer: Writer::start(Arc::clone(&db))?, db })
    }

    fn read_user(&self, id: UserId) -> anyhow::Result<Option<User>> {
        let users = self.db.begin_read()?.open_table(USERS)?;
        users.get(id.as_bytes())?.map(|json| decode(id, json.value())).transpose()
    }

    fn read_user_id(&self, username_key: &str) -> anyhow::Result<Option<UserId>> {
        let names = self.db.begin_read()?.open_table(USER_IDS_BY_NAME)?;
        Ok(names.get(username_key)?.map(|id| UserId::from_bytes(*id.value())))
    }
}

// Reads go to redb on the caller's thread: they take microseconds and never wait for the writer.
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
        old: String,
        new: String,
    ) -> Result<(), StoreError> {
        self.writer.write(move |txn| replace_hash(txn, id, &old, new)).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.db.begin_read().context("can't read").map_err(StoreError)?;
        self.writer.check().await
    }
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

fn replace_hash(txn: &WriteTransaction, id: UserId, old: &str, new: String) -> anyhow::Result<()> {
    let mut users = txn.open_table(USERS)?;
    let user = users.get(id.as_bytes())?.map(|json| decode(id, json.value())).transpose()?;
    let Some(mut user) = user.filter(|user| user.password_hash == old) else {
        return Ok(());
    };
    user.password_hash = new;
    users.insert(id.as_bytes(), serde_json::to_vec(&user)?.as_slice())?;
    Ok(())
}

fn decode(id: UserId, json: &[u8]) -> anyhow::Result<User> {
    serde_json::from_slice(json).with_context(|| format!("the record of user {id} is damaged"))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn user(username: &str) -> User {
        User {
            id: UserId::new(Timestamp::UNIX_EPOCH),
            username: username.to_owned(),
            username_key: username.to_lowercase(),
            password_hash: "old hash".to_owned(),
            roles: vec!["admin".to_owned()],
            disabled: false,
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn a_user_is_found_by_id_and_by_name_after_the_file_is_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hallpass.redb");
        let ada = user("Ada");
        let store = RedbStore::open(&path).unwrap();
        store.create_user(ada.clone()).await.unwrap();
        drop(store);

        let store = RedbStore::open(&path).unwrap();
        assert_eq!(store.user_by_id(ada.id).await.unwrap().as_ref(), Some(&ada));
        assert_eq!(store.user_by_name("ada").await.unwrap().as_ref(), Some(&ada));
        assert_eq!(store.user_by_name("Ada").await.unwrap(), None);
        let stranger = UserId::new(Timestamp::UNIX_EPOCH);
        assert_eq!(store.user_by_id(stranger).await.unwrap(), None);
    }

    #[tokio::test]
    async fn of_many_users_with_one_name_at_once_one_is_created() {
        let store = RedbStore::in_memory().unwrap();
        let attempts = (0..50).map(|_| store.create_user(user("ada")));
        let outcomes = futures_util::future::join_all(attempts).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let taken = |outcome: &&Result<(), CreateUserError>| {
            matches!(outcome, Err(CreateUserError::NameTaken))
        };
        assert_eq!(outcomes.iter().filter(taken).count(), 49);
    }

    #[tokio::test]
    async fn a_hash_is_replaced_only_in_the_place_of_the_one_that_was_checked() {
        let store = RedbStore::in_memory().unwrap();
        let ada = user("ada");
        store.create_user(ada.clone()).await.unwrap();
        for (old, new, expected) in
            [("old hash", "newer", "newer"), ("old hash", "too late", "newer")]
        {
            store.replace_password_hash(ada.id, old.to_owned(), new.to_owned()).await.unwrap();
            let found = store.user_by_id(ada.id).await.unwrap().unwrap();
            assert_eq!(found.password_hash, expected);
        }
    }

    #[test]
    fn a_file_that_is_in_use_is_refused_with_a_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hallpass.redb");
        let _holder = RedbStore::open(&path).unwrap();
        let refused = RedbStore::open(&path).unwrap_err().to_string();
        assert!(refused.contains("--data-dir"), "{refused}");
    }
}
