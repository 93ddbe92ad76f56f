//! From where users signed in.

use redb::{ReadableTable, WriteTransaction};

use super::Id;
use super::tables::{ADDRESSES, decode, or_none};
use crate::store::UserId;

/// Addresses that are remembered of each user.
const MAX_ADDRESSES: usize = 16;

/// The newest one last; the oldest one goes.
pub(super) fn remember(
    txn: &WriteTransaction,
    user: UserId,
    address: String,
) -> anyhow::Result<()> {
    let mut table = txn.open_table(ADDRESSES)?;
    let mut known = of(&table, user)?;
    if known.last() == Some(&address) {
        return Ok(());
    }
    known.retain(|other| *other != address);
    known.push(address);
    let surplus = known.len().saturating_sub(MAX_ADDRESSES);
    let json = serde_json::to_vec(&known[surplus..])?;
    table.insert(user.as_bytes(), json.as_slice())?;
    Ok(())
}

/// The newest one last. None of a user whose record of them is damaged; the next login replaces it.
pub(super) fn of(
    table: &impl ReadableTable<Id, &'static [u8]>,
    user: UserId,
) -> anyhow::Result<Vec<String>> {
    let row = table.get(user.as_bytes())?;
    let list = row.map(|json| decode(json.value(), || format!("the addresses of user {user}")));
    Ok(or_none(list.transpose())?.unwrap_or_default())
}
