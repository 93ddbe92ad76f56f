//! New users.

use redb::WriteTransaction;

use super::{addresses, names, users};
use crate::store::rules;
use crate::store::{CreateUserError, User};

pub(super) fn register(
    txn: &WriteTransaction,
    user: &User,
    address: Option<String>,
) -> anyhow::Result<Result<(), CreateUserError>> {
    let is_taken = names::is_taken(txn, &user.username_key)?;
    let looks_like_another = names::would_look_like_another(txn, &user.username)?;
    if let Err(refusal) = rules::may_create(is_taken, looks_like_another, address.is_none()) {
        return Ok(Err(refusal));
    }
    add(txn, user)?;
    if let Some(address) = address {
        addresses::remember(txn, user.id, address)?;
    }
    Ok(Ok(()))
}

/// Adds a user whose name is free. Says whether it was.
pub(super) fn import(txn: &WriteTransaction, user: &User) -> anyhow::Result<bool> {
    let is_free = !names::is_taken(txn, &user.username_key)?;
    if is_free {
        add(txn, user)?;
    }
    Ok(is_free)
}

/// Adds a user, whose name is free.
pub(super) fn add(txn: &WriteTransaction, user: &User) -> anyhow::Result<()> {
    names::add(txn, user)?;
    users::put(txn, user)
}
