//! What a store must do, in terms of the domain. Each operation is atomic by itself, and when one
//! that writes has answered, its effect survives the loss of power.

mod database;
mod redb;
mod writer;

pub use redb::RedbStore;

use std::fmt;

use async_trait::async_trait;
use hallpass_contract::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A user's id: a `UUIDv7`, so that ids sort by the time of registration.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct UserId(Uuid);

impl UserId {
    /// A new id for a user who registers `at`.
    pub fn new(at: Timestamp) -> Self {
        Self(uuid_v7(at))
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }

    fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A new `UUIDv7` (RFC 9562 section 5.7) of the time `at`.
pub fn uuid_v7(at: Timestamp) -> Uuid {
    let since_epoch = at.as_duration().unsigned_abs();
    let time = uuid::Timestamp::from_unix(
        uuid::NoContext,
        since_epoch.as_secs(),
        since_epoch.subsec_nanos(),
    );
    Uuid::new_v7(time)
}

/// All that is kept of a user.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct User {
    /// Never changes and is never given to another user.
    pub id: UserId,
    /// As its owner writes it.
    pub username: String,
    /// The case-mapped name, unique among all users.
    pub username_key: String,
    /// A PHC string.
    pub password_hash: Secret,
    /// Each matches `[a-z0-9:._-]{1,64}`.
    pub roles: Vec<String>,
    /// A disabled user can't sign in, and no token of theirs is accepted.
    pub disabled: bool,
    /// When the user registered.
    pub created_at: Timestamp,
}

/// Why a user was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// Another user has the name.
    #[error("the username is taken")]
    NameTaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store could not do its work. A write may have taken effect or not, as when the disk fails
/// while it syncs.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StoreError(#[from] pub anyhow::Error);

/// Where users are kept.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Adds a user, unless one with the same `username_key` is there. Of several at once with the
    /// same name, one is added.
    async fn create_user(&self, user: User) -> Result<(), CreateUserError>;

    /// The user with this id.
    async fn user_by_id(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user with this case-mapped name.
    async fn user_by_name(&self, username_key: &str) -> Result<Option<User>, StoreError>;

    /// Puts `new` in the place of the password hash `old`. Does nothing if the user is gone or
    /// the hash is another one by now, since then the password was changed meanwhile.
    async fn replace_password_hash(
        &self,
        id: UserId,
        old: Secret,
        new: Secret,
    ) -> Result<(), StoreError>;

    /// Whether the store can read and write.
    async fn check(&self) -> Result<(), StoreError>;
}
