//! Offers to set a new password.

use hallpass_contract::Secret;
use jiff::Timestamp;
use redb::{ReadableTable, WriteTransaction};

use super::Id;
use super::tables::{RESETS, RESETS_BY_USER, USERS, time};
use super::users::{self, Ending};
use crate::store::{EditUserError, Moment, ResetOffer, User, UserId};

pub(super) fn offer(
    txn: &WriteTransaction,
    offer: &ResetOffer,
) -> anyhow::Result<Result<(), EditUserError>> {
    if let Some(objection) = users::objection(txn, Some(offer.by))? {
        return Ok(Err(objection));
    }
    if txn.open_table(USERS)?.get(offer.user.as_bytes())?.is_none() {
        return Ok(Err(EditUserError::NotFound));
    }
    withdraw(txn, offer.user)?;
    let expires_at = offer.expires_at.as_millisecond();
    let row = (offer.user.as_bytes(), offer.by.user.as_bytes(), expires_at);
    txn.open_table(RESETS)?.insert(&offer.token_hash, row)?;
    txn.open_table(RESETS_BY_USER)?.insert(offer.user.as_bytes(), &offer.token_hash)?;
    Ok(Ok(()))
}

pub(super) fn withdraw(txn: &WriteTransaction, user: UserId) -> anyhow::Result<()> {
    if let Some(token_hash) = txn.open_table(RESETS_BY_USER)?.remove(user.as_bytes())? {
        txn.open_table(RESETS)?.remove(token_hash.value())?;
    }
    Ok(())
}

/// To whom it was made, unless it has expired or whoever made it is no admin any more.
pub(super) fn find(
    resets: &impl ReadableTable<&'static [u8; 32], (Id, Id, i64)>,
    users: &impl ReadableTable<Id, &'static [u8]>,
    token_hash: &[u8; 32],
    now: Timestamp,
) -> anyhow::Result<Option<User>> {
    let Some(row) = resets.get(token_hash)? else { return Ok(None) };
    let (user, by, expires_at) = row.value();
    let by = users::get(users, UserId::from_bytes(*by))?;
    if time(expires_at) <= now || !by.is_some_and(|by| by.is_active_admin()) {
        return Ok(None);
    }
    users::get(users, UserId::from_bytes(*user))
}

pub(super) fn take_up(
    txn: &WriteTransaction,
    token_hash: &[u8; 32],
    new: Secret,
    at: Moment,
) -> anyhow::Result<Ending<Option<UserId>>> {
    let user = find(&txn.open_table(RESETS)?, &txn.open_table(USERS)?, token_hash, at.now)?;
    let Some(User { id, .. }) = user else { return Ok(Ending::none(None)) };
    let Ending { value: was_set, ended } = users::set_password(txn, id, new, at)?;
    Ok(Ending { value: was_set.then_some(id), ended })
}

/// Forgets those that have expired.
pub(super) fn sweep(txn: &WriteTransaction, now: Timestamp) -> anyhow::Result<()> {
    let mut by_user = txn.open_table(RESETS_BY_USER)?;
    let mut resets = txn.open_table(RESETS)?;
    for row in resets.extract_if(|_, (_, _, expires_at)| time(expires_at) <= now)? {
        let (_, offer) = row?;
        by_user.remove(offer.value().0)?;
    }
    Ok(())
}
