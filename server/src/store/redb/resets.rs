//! Offers to set a new password.

use std::time::Duration;

use hallpass_contract::{ADMIN_ROLE, Secret};
use jiff::Timestamp;
use redb::{Database, ReadableDatabase as _, ReadableTable, WriteTransaction};

use super::Id;
use super::tables::{RESET_TIMES, RESETS, RESETS_BY_USER, USERS, or_none, time};
use super::users::{self, Ending};
use crate::store::{Actor, EditUserError, Moment, OpenReset, ResetOffer, User, UserId};

/// How long offers lasted when the time at which they were made was not kept.
const FORMER_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// A table of offers, open to read or to write.
pub(super) trait Resets: ReadableTable<&'static [u8; 32], (Id, Id, i64)> {}
impl<T: ReadableTable<&'static [u8; 32], (Id, Id, i64)>> Resets for T {}

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
    txn.open_table(RESET_TIMES)?.insert(&offer.token_hash, offer.created_at.as_millisecond())?;
    txn.open_table(RESETS_BY_USER)?.insert(offer.user.as_bytes(), &offer.token_hash)?;
    Ok(Ok(()))
}

/// Ends the offer to the user, if there is one.
pub(super) fn withdraw(txn: &WriteTransaction, user: UserId) -> anyhow::Result<()> {
    if let Some(token_hash) = txn.open_table(RESETS_BY_USER)?.remove(user.as_bytes())? {
        txn.open_table(RESETS)?.remove(token_hash.value())?;
        txn.open_table(RESET_TIMES)?.remove(token_hash.value())?;
    }
    Ok(())
}

/// Ends the offers that the user made. Only admins make any, and there are few: they last for minutes.
pub(super) fn withdraw_made_by(txn: &WriteTransaction, maker: &User) -> anyhow::Result<()> {
    if !maker.has_role(ADMIN_ROLE) {
        return Ok(());
    }
    let mut offered = Vec::new();
    for row in txn.open_table(RESETS)?.iter()? {
        let (_, row) = row?;
        let (user, by, _) = row.value();
        if by == maker.id.as_bytes() {
            offered.push(UserId::from_bytes(*user));
        }
    }
    offered.into_iter().try_for_each(|user| withdraw(txn, user))
}

/// Ends the offer to the user because somebody asks for it.
pub(super) fn withdraw_as(
    txn: &WriteTransaction,
    id: UserId,
    by: Option<Actor>,
    now: Timestamp,
) -> anyhow::Result<Result<(), EditUserError>> {
    if let Some(objection) = users::objection(txn, by)? {
        return Ok(Err(objection));
    }
    let Some(user) = users::get(&txn.open_table(USERS)?, id)? else {
        return Ok(Err(EditUserError::NotFound));
    };
    if users::is_stale(by) && user.has_role(ADMIN_ROLE) {
        return Ok(Err(EditUserError::NotFresh));
    }
    let token_hash = txn.open_table(RESETS_BY_USER)?.get(id.as_bytes())?.map(|hash| *hash.value());
    let Some(token_hash) = token_hash else { return Ok(Err(EditUserError::NoOffer)) };
    let offered = find(&txn.open_table(RESETS)?, &txn.open_table(USERS)?, &token_hash, now)?;
    withdraw(txn, id)?;
    Ok(if offered.is_some() { Ok(()) } else { Err(EditUserError::NoOffer) })
}

/// To whom it was made, unless it has expired or whoever made it is no admin any more.
pub(super) fn find(
    resets: &impl Resets,
    users: &impl ReadableTable<Id, &'static [u8]>,
    token_hash: &[u8; 32],
    now: Timestamp,
) -> anyhow::Result<Option<User>> {
    let Some(row) = resets.get(token_hash)? else { return Ok(None) };
    Ok(open(users, row.value(), now)?.map(|(user, _)| user))
}

/// To whom an offer was made and by whom, if it can be taken up.
fn open(
    users: &impl ReadableTable<Id, &'static [u8]>,
    (user, by, expires_at): (&[u8; 16], &[u8; 16], i64),
    now: Timestamp,
) -> anyhow::Result<Option<(User, User)>> {
    if time(expires_at) <= now {
        return Ok(None);
    }
    let by = users::get(users, UserId::from_bytes(*by))?.filter(User::is_active_admin);
    Ok(users::get(users, UserId::from_bytes(*user))?.zip(by))
}

/// The offers that can be taken up, in the order in which they were made.
pub(super) fn list(db: &Database, now: Timestamp) -> anyhow::Result<Vec<OpenReset>> {
    let txn = db.begin_read()?;
    let (users, times) = (txn.open_table(USERS)?, txn.open_table(RESET_TIMES)?);
    let mut list = Vec::new();
    for row in txn.open_table(RESETS)?.iter()? {
        let (token_hash, row) = row?;
        let Some((user, by)) = or_none(open(&users, row.value(), now))? else { continue };
        let expires_at = time(row.value().2);
        let created_at = match times.get(token_hash.value())? {
            Some(created_at) => time(created_at.value()),
            None => expires_at.checked_sub(FORMER_LIFETIME)?,
        };
        list.push(OpenReset { user, by, created_at, expires_at });
    }
    list.sort_by_key(|offer| (offer.created_at, offer.user.id));
    Ok(list)
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
    let mut times = txn.open_table(RESET_TIMES)?;
    let mut resets = txn.open_table(RESETS)?;
    for row in resets.extract_if(|_, (_, _, expires_at)| time(expires_at) <= now)? {
        let (token_hash, offer) = row?;
        times.remove(token_hash.value())?;
        by_user.remove(offer.value().0)?;
    }
    Ok(())
}
