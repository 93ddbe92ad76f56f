//! The records of reset offers.

use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::tables::{Id, RESET_TIMES, RESETS, RESETS_BY_USER, Records, USERS, or_none, time};
use super::users;
use crate::store::copy::rows::StoredOffer;
use crate::store::rules;
use crate::store::{OpenReset, ResetOffer, User, UserId};

/// How long the offers lasted that have no row in [`RESET_TIMES`].
const FORMER_LIFETIME: Duration = Duration::from_secs(30 * 60);

pub(super) fn put(txn: &WriteTransaction, offer: &ResetOffer) -> anyhow::Result<()> {
    let ResetOffer { user, by, token_hash, created_at, expires_at } = *offer;
    put_stored(txn, &StoredOffer { user, maker: by.user, token_hash, created_at, expires_at })
}

pub(super) fn put_stored(txn: &WriteTransaction, offer: &StoredOffer) -> anyhow::Result<()> {
    let expires_at = offer.expires_at.as_millisecond();
    let row = (offer.user.as_bytes(), offer.maker.as_bytes(), expires_at);
    txn.open_table(RESETS)?.insert(&offer.token_hash, row)?;
    txn.open_table(RESET_TIMES)?.insert(&offer.token_hash, offer.created_at.as_millisecond())?;
    txn.open_table(RESETS_BY_USER)?.insert(offer.user.as_bytes(), &offer.token_hash)?;
    Ok(())
}

/// Removes the offer to the user, if there is one.
pub(super) fn remove(txn: &WriteTransaction, user: UserId) -> anyhow::Result<()> {
    if let Some(token_hash) = txn.open_table(RESETS_BY_USER)?.remove(user.as_bytes())? {
        txn.open_table(RESETS)?.remove(token_hash.value())?;
        txn.open_table(RESET_TIMES)?.remove(token_hash.value())?;
    }
    Ok(())
}

/// Removes the offers that the user made. It reads all offers, of which there are few: they last
/// for minutes.
pub(super) fn remove_made_by(txn: &WriteTransaction, maker: UserId) -> anyhow::Result<()> {
    let mut offered = Vec::new();
    for row in txn.open_table(RESETS)?.iter()? {
        let (_, row) = row?;
        let (user, by, _) = row.value();
        if by == maker.as_bytes() {
            offered.push(UserId::from_bytes(*user));
        }
    }
    offered.into_iter().try_for_each(|user| remove(txn, user))
}

/// Removes all offers.
pub(super) fn remove_all(txn: &WriteTransaction) -> anyhow::Result<()> {
    txn.open_table(RESETS)?.retain(|_, _| false)?;
    txn.open_table(RESET_TIMES)?.retain(|_, _| false)?;
    txn.open_table(RESETS_BY_USER)?.retain(|_, _| false)?;
    Ok(())
}

/// To whom an offer was made, if it is open.
pub(super) fn find(
    resets: &impl ReadableTable<&'static [u8; 32], (Id, Id, i64)>,
    users: &impl Records,
    token_hash: &[u8; 32],
    now: Timestamp,
) -> anyhow::Result<Option<User>> {
    let Some(row) = resets.get(token_hash)? else { return Ok(None) };
    Ok(open(users, row.value(), now)?.map(|(user, _)| user))
}

/// To whom an offer was made and by whom, if it is open.
fn open(
    users: &impl Records,
    (user, maker, expires_at): (&[u8; 16], &[u8; 16], i64),
    now: Timestamp,
) -> anyhow::Result<Option<(User, User)>> {
    let maker = users::get(users, UserId::from_bytes(*maker))?;
    if !rules::is_open(maker.as_ref(), time(expires_at), now) {
        return Ok(None);
    }
    Ok(users::get(users, UserId::from_bytes(*user))?.zip(maker))
}

/// The open offers, in the order in which they were made.
pub(super) fn list(txn: &ReadTransaction, now: Timestamp) -> anyhow::Result<Vec<OpenReset>> {
    let (users, times) = (txn.open_table(USERS)?, txn.open_table(RESET_TIMES)?);
    let mut list = Vec::new();
    for row in txn.open_table(RESETS)?.iter()? {
        let (token_hash, row) = row?;
        let Some((user, by)) = or_none(open(&users, row.value(), now))? else { continue };
        let expires_at = time(row.value().2);
        let created_at = created_at(&times, token_hash.value(), expires_at)?;
        list.push(OpenReset { user, by, created_at, expires_at });
    }
    list.sort_by_key(|offer| (offer.created_at, offer.user.id));
    Ok(list)
}

fn created_at(
    times: &impl ReadableTable<&'static [u8; 32], i64>,
    token_hash: &[u8; 32],
    expires_at: Timestamp,
) -> anyhow::Result<Timestamp> {
    match times.get(token_hash)? {
        Some(created_at) => Ok(time(created_at.value())),
        None => Ok(expires_at.checked_sub(FORMER_LIFETIME)?),
    }
}

/// An offer as it is stored, open or not.
pub(super) fn stored(txn: &ReadTransaction, token_hash: &[u8; 32]) -> anyhow::Result<StoredOffer> {
    let row = txn.open_table(RESETS)?.get(token_hash)?.context("a reset offer is damaged")?;
    let (user, maker, expires_at) = row.value();
    let expires_at = time(expires_at);
    Ok(StoredOffer {
        user: UserId::from_bytes(*user),
        maker: UserId::from_bytes(*maker),
        token_hash: *token_hash,
        created_at: created_at(&txn.open_table(RESET_TIMES)?, token_hash, expires_at)?,
        expires_at,
    })
}

/// Removes the offers that have expired.
pub(super) fn sweep(txn: &WriteTransaction, now: Timestamp) -> anyhow::Result<()> {
    let mut by_user = txn.open_table(RESETS_BY_USER)?;
    let mut times = txn.open_table(RESET_TIMES)?;
    let mut resets = txn.open_table(RESETS)?;
    for row in resets.extract_if(|_, (_, _, until)| rules::has_expired(time(until), now))? {
        let (token_hash, offer) = row?;
        times.remove(token_hash.value())?;
        by_user.remove(offer.value().0)?;
    }
    Ok(())
}
