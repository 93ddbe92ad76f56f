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
    /// The case-mapped name, unique among all users. Nor do two users have spellings of one name,
    /// unless they had them before spellings were compared.
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
    /// The password was given not long ago.
    pub fresh: bool,
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

impl Edited {
    /// Whether an admin needs a fresh login for it. It does if the user is or becomes an admin, or is let in
    /// again: with a stolen token that is too old for a reset link, nobody may undo a safeguard.
    pub fn needs_fresh_login(&self) -> bool {
        let Self { before, after } = self;
        let concerns_admin = before.has_role(ADMIN_ROLE) || after.has_role(ADMIN_ROLE);
        concerns_admin || (before.disabled && !after.disabled)
    }
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
    /// When it is made.
    pub created_at: Timestamp,
    /// From then on it is void.
    pub expires_at: Timestamp,
}

/// An offer that can still be taken up.
#[derive(Clone, Debug)]
pub struct OpenReset {
    /// Whose password.
    pub user: User,
    /// The admin who made it.
    pub by: User,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on it is void.
    pub expires_at: Timestamp,
}

/// Why a user was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// Another user has the name.
    #[error("the username is taken")]
    NameTaken,
    /// Another user has a name that looks like it.
    #[error("the username looks like another user's")]
    LooksLikeAnother,
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
    /// Nobody has offered the user to set a new password, or not any more.
    #[error("there is no reset link for this user")]
    NoOffer,
    /// Nobody else would be left who can use the admin routes.
    #[error("this is the last admin; make another one first")]
    LastAdmin,
    /// The session in which it was asked for has ended.
    #[error("the session of whoever asked has ended")]
    SessionEnded,
    /// Whoever asked is no admin, or not any more.
    #[error("whoever asked is no admin any more")]
    NoAdmin,
    /// It takes a password that was given not long ago.
    #[error("the login of whoever asked is too old for this")]
    NotFresh,
    /// The password that was checked is not the user's any more.
    #[error("the password was changed meanwhile")]
    PasswordChanged,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(roles: &[&str], disabled: bool) -> User {
        let username = Username::parse("ada").unwrap();
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        let user = User::new(&username, "a hash".into(), roles, Timestamp::UNIX_EPOCH);
        User { disabled, ..user }
    }

    #[test]
    fn what_concerns_an_admin_or_lets_somebody_in_again_needs_a_fresh_login() {
        for (before, after, needs) in [
            (user(&["user"], false), user(&["user", "editor"], false), false),
            (user(&["user"], false), user(&["user"], true), false),
            (user(&["user"], true), user(&["editor"], true), false),
            (user(&["user"], true), user(&["user"], false), true),
            (user(&["user"], false), user(&["admin"], false), true),
            (user(&["user"], true), user(&["admin"], true), true),
            (user(&["admin"], false), user(&["user"], false), true),
            (user(&["admin"], false), user(&["admin", "editor"], false), true),
            (user(&["admin"], false), user(&["admin"], true), true),
            (user(&["admin"], true), user(&["admin"], false), true),
            (user(&["administrator"], false), user(&["user"], false), false),
        ] {
            let edited = Edited { before, after };
            assert_eq!(edited.needs_fresh_login(), needs, "{edited:?}");
        }
    }
}
