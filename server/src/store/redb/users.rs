//! The records of users.

use std::ops::Bound::{Excluded, Unbounded};

use redb::WriteTransaction;

use super::tables::{ADMINS, Records, USERS, decode};
use crate::store::{User, UserId, Users};

pub(super) fn get(users: &impl Records, id: UserId) -> anyhow::Result<Option<User>> {
    users.get(id.as_bytes())?.map(|json| read(id, json.value())).transpose()
}

pub(super) fn read(id: UserId, json: &[u8]) -> anyhow::Result<User> {
    decode(json, || format!("the record of user {id}"))
}

/// At most `limit` users after `after`.
pub(super) fn page(
    table: &impl Records,
    after: Option<UserId>,
    limit: usize,
) -> anyhow::Result<Users> {
    let start = after.as_ref().map_or(Unbounded, |id| Excluded(id.as_bytes()));
    let mut page = Users::default();
    let mut last = None;
    for row in table.range::<&[u8; 16]>((start, Unbounded))? {
        if page.users.len() + page.damaged.len() == limit {
            page.next = last;
            break;
        }
        let (id, json) = row?;
        let id = UserId::from_bytes(*id.value());
        match read(id, json.value()) {
            Ok(user) => page.users.push(user),
            Err(_) => page.damaged.push(id),
        }
        last = Some(id);
    }
    Ok(page)
}

/// The first `limit` of these users.
pub(super) fn page_of(table: &impl Records, ids: &[UserId], limit: usize) -> anyhow::Result<Users> {
    let mut page = Users::default();
    for id in ids.iter().take(limit) {
        let Some(json) = table.get(id.as_bytes())? else { continue };
        match read(*id, json.value()) {
            Ok(user) => page.users.push(user),
            Err(_) => page.damaged.push(*id),
        }
    }
    page.next = ids.get(limit).and_then(|_| ids.get(limit.checked_sub(1)?)).copied();
    Ok(page)
}

pub(super) fn put(txn: &WriteTransaction, user: &User) -> anyhow::Result<()> {
    let mut admins = txn.open_table(ADMINS)?;
    if user.is_active_admin() {
        admins.insert(user.id.as_bytes(), ())?;
    } else {
        admins.remove(user.id.as_bytes())?;
    }
    let json = serde_json::to_vec(user)?;
    txn.open_table(USERS)?.insert(user.id.as_bytes(), json.as_slice())?;
    Ok(())
}

pub(super) fn remove(txn: &WriteTransaction, id: UserId) -> anyhow::Result<()> {
    txn.open_table(USERS)?.remove(id.as_bytes())?;
    txn.open_table(ADMINS)?.remove(id.as_bytes())?;
    Ok(())
}
