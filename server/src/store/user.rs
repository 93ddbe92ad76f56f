use hallpass_contract::{ADMIN_ROLE, Secret};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{SessionId, StoreError, UserId};
use crate::username::Username;

/// All that is kept of a user.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct User {
    /// Never changes and is never given to another user.
    pub id: UserId,
    /// As its owner writes it.
    pub username: String,
    /// The case-mapped name, unique among all users.
    pub username_key: String,
    /// A PHC string, or what another system made and exported.
    pub password_hash: Secret,
    /// Another one for each password; a hash of the same password made anew does not change it.
    #[serde(default)]
    pub password_version: u32,
    /// Each matches `[a-z0-9:._-]{1,64}`.
    pub roles: Vec<String>,
    /// A disabled user can't sign in, and no token of theirs is accepted.
    pub disabled: bool,
    /// When the user registered.
    pub created_at: Timestamp,
}

impl User {
    /// A user who comes to be, with an id of that time.
    pub fn new(
        username: &Username,
        password_hash: Secret,
        roles: Vec<String>,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id: UserId::new(created_at),
            username: username.display().to_owned(),
            username_key: username.key().to_owned(),
            password_hash,
            password_version: 0,
            roles,
            disabled: false,
            created_at,
        }
    }

    /// Whether the user has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|has| has == role)
    }

    /// Whether the user can use the admin routes.
    pub fn is_active_admin(&self) -> bool {
        !self.disabled && self.has_role(ADMIN_ROLE)
    }
}

/// On whose authority something is changed. It is asked again in the transaction that makes the
/// change: between a request's head and its effect its sender may have lost it.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    /// Who asked.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
    /// As an admin, or for themselves.
    pub admin: bool,
}

/// What an admin changes of a user; `None` stays as it is.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct UserEdit {
    /// All roles from now on.
    pub roles: Option<Vec<String>>,
    /// Whether the user is shut out. Disabling ends all sessions.
    pub disabled: Option<bool>,
}

/// What an edit or a deletion found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edited {
    /// The user before.
    pub before: User,
    /// The user after; of a deletion, as they were.
    pub after: User,
}

/// An offer to set a new password.
#[derive(Clone, Debug)]
pub struct ResetOffer {
    /// Whose password.
    pub user: UserId,
    /// The admin who makes the offer; it is void once they are none any more.
    pub by: Actor,
    /// The SHA-256 of the token; the token itself is not kept.
    pub token_hash: [u8; 32],
    /// From then on it is void.
    pub expires_at: Timestamp,
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

/// Why a user was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditUserError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// Nobody else would be left who can use the admin routes.
    #[error("this is the last admin; make another one first")]
    LastAdmin,
    /// Whoever asked may not do this any more.
    #[error("whoever asked for this may not do it any more")]
    NotEntitled,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
