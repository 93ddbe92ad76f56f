//! How users come into being.

use super::decision::{Changes, Decision};
use crate::store::{CreateUserError, User};

/// What is known of the name of a new user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NameCheck {
    /// Somebody has it, in whatever spelling.
    pub(crate) is_taken: bool,
    /// It looks like another user's.
    pub(crate) looks_like_another: bool,
}

/// A person registers from an `address`, or an operator, who has none, makes a user. A person's
/// name must not look like another's; an operator knows what they do.
pub(crate) fn register(
    user: User,
    address: Option<String>,
    name: NameCheck,
) -> Result<Decision<()>, CreateUserError> {
    if name.is_taken {
        return Err(CreateUserError::NameTaken);
    }
    if name.looks_like_another && address.is_some() {
        return Err(CreateUserError::LooksLikeAnother);
    }
    let remember_address = address.map(|address| (user.id, address));
    let changes = Changes { add_user: Some(user), remember_address, ..Changes::default() };
    Ok(Decision { answer: (), changes })
}

/// An operator imports a user. Whether they are added: only a name that is free is given.
pub(crate) fn import(user: User, is_taken: bool) -> Decision<bool> {
    let changes = Changes { add_user: (!is_taken).then_some(user), ..Changes::default() };
    Decision { answer: !is_taken, changes }
}
