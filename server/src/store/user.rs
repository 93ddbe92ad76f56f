use hallpass_contract::{ADMIN_ROLE, Secret};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::factors::Factors;
use super::id::UserId;
use crate::username::Username;

/// The record of a user. A field that later versions add needs `#[serde(default)]`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct User {
    /// Never changes and is never given to another user.
    pub id: UserId,
    /// As its owner writes it.
    pub username: String,
    /// The case-mapped name, unique among all users. No two users have spellings of one name,
    /// unless they had them before spellings were compared.
    pub username_key: String,
    /// A PHC string, or a hash that another system exported, or `!` if no password is right.
    pub password_hash: Secret,
    /// Grows with each new password. A new hash of the same password does not change it.
    #[serde(default)]
    pub password_version: u32,
    /// Each matches `[a-z0-9:._-]{1,64}`.
    pub roles: Vec<String>,
    /// A disabled user can't sign in, and no token of theirs is accepted.
    pub disabled: bool,
    /// When the user registered.
    pub created_at: Timestamp,
    /// What the user can show beside the password.
    #[serde(default, skip_serializing_if = "Factors::is_empty")]
    pub factors: Factors,
}

impl User {
    /// A new user, with an id of that time.
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
            factors: Factors::default(),
        }
    }

    /// Whether the user has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|has| has == role)
    }

    /// Whether the user has the role admin.
    pub(crate) fn is_admin(&self) -> bool {
        self.has_role(ADMIN_ROLE)
    }

    /// Whether the user can use the admin routes.
    pub fn is_active_admin(&self) -> bool {
        !self.disabled && self.is_admin()
    }
}

/// A change of a user. `None` leaves a field as it is.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct UserEdit {
    /// All roles from now on.
    pub roles: Option<Vec<String>>,
    /// Whether the user is disabled. Disabling ends all sessions.
    pub disabled: Option<bool>,
}

/// A user before and after an edit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edited {
    /// The user before.
    pub before: User,
    /// The user after.
    pub after: User,
}
