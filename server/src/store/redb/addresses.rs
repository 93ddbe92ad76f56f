//! The addresses from which users signed in.

use redb::WriteTransaction;

use super::tables::{ADDRESSES, Records, decode, or_none};
use crate::store::id::UserId;
use crate::store::rules;

pub(super) fn remember(
    txn: &WriteTransaction,
    user: UserId,
    address: String,
) -> anyhow::Result<()> {
    let mut table = txn.open_table(ADDRESSES)?;
    if let Some(known) = rules::remember(of(&table, user)?, address) {
        let json = serde_json::to_vec(&known)?;
        table.insert(user.as_bytes(), json.as_slice())?;
    }
    Ok(())
}

pub(super) fn put(txn: &WriteTransaction, user: UserId, known: &[String]) -> anyhow::Result<()> {
    let json = serde_json::to_vec(known)?;
    txn.open_table(ADDRESSES)?.insert(user.as_bytes(), json.as_slice())?;
    Ok(())
}

/// The newest one last. None of a user whose record of them is damaged: the next login replaces it.
pub(super) fn of(table: &impl Records, user: UserId) -> anyhow::Result<Vec<String>> {
    let row = table.get(user.as_bytes())?;
    let list = row.map(|json| decode(json.value(), || format!("the addresses of user {user}")));
    Ok(or_none(list.transpose())?.unwrap_or_default())
}

pub(super) fn forget(txn: &WriteTransaction, user: UserId) -> anyhow::Result<()> {
    txn.open_table(ADDRESSES)?.remove(user.as_bytes())?;
    Ok(())
}
