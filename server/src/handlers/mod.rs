//! What the routes do: plain async functions, one file per resource.

pub mod account;
pub mod frontend;
pub mod guarded;
pub mod health;
pub mod public;

use crate::store::User;

/// A user as the API shows them.
fn public_user(user: User) -> hallpass_contract::User {
    hallpass_contract::User {
        id: user.id.to_string(),
        username: user.username,
        roles: user.roles,
        created_at: user.created_at.to_string(),
    }
}
