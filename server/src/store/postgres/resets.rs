//! The records of reset offers.

use jiff::Timestamp;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::failure::Damaged;
use super::rows::{Parameters, or_none, time};
use super::users;
use crate::store::copy::rows::StoredOffer;
use crate::store::rules;
use crate::store::{OpenReset, ResetOffer, User, UserId};

struct Offer {
    user: UserId,
    maker: UserId,
    created_at: Timestamp,
    expires_at: Timestamp,
}

fn read(row: &Row) -> anyhow::Result<Offer> {
    let (created_at, expires_at) = (row.try_get("created_at")?, row.try_get("expires_at")?);
    Ok(Offer {
        user: users::id(row, "user_id")?,
        maker: users::id(row, "maker_id")?,
        created_at: time(created_at),
        expires_at: time(expires_at),
    })
}

/// An offer as it is stored, open or not.
pub(super) fn stored(row: &Row) -> anyhow::Result<StoredOffer> {
    let Offer { user, maker, created_at, expires_at } = read(row)?;
    let token_hash = row.try_get::<_, &[u8]>("token_hash")?.try_into();
    let token_hash = token_hash.map_err(|_| Damaged(format!("the reset offer to user {user}")))?;
    Ok(StoredOffer { user, maker, token_hash, created_at, expires_at })
}

pub(super) async fn put(db: &Client, offer: &ResetOffer) -> anyhow::Result<()> {
    let ResetOffer { user, by, token_hash, created_at, expires_at } = *offer;
    put_stored(db, &StoredOffer { user, maker: by.user, token_hash, created_at, expires_at }).await
}

pub(super) async fn put_stored(db: &Client, offer: &StoredOffer) -> anyhow::Result<()> {
    let query = "INSERT INTO reset_offers (user_id, maker_id, token_hash, created_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5)";
    let parameters: Parameters<'_> = &[
        (&offer.user.uuid(), Type::UUID),
        (&offer.maker.uuid(), Type::UUID),
        (&offer.token_hash.as_slice(), Type::BYTEA),
        (&offer.created_at.as_millisecond(), Type::INT8),
        (&offer.expires_at.as_millisecond(), Type::INT8),
    ];
    db.execute_typed(query, parameters).await?;
    Ok(())
}

/// Removes the offer to the user, if there is one.
pub(super) async fn remove(db: &Client, user: UserId) -> anyhow::Result<()> {
    let query = "DELETE FROM reset_offers WHERE user_id = $1";
    db.execute_typed(query, &[(&user.uuid(), Type::UUID)]).await?;
    Ok(())
}

/// Removes the offers that the user made.
pub(super) async fn remove_made_by(db: &Client, maker: UserId) -> anyhow::Result<()> {
    let query = "DELETE FROM reset_offers WHERE maker_id = $1";
    db.execute_typed(query, &[(&maker.uuid(), Type::UUID)]).await?;
    Ok(())
}

/// Removes all offers.
pub(super) async fn remove_all(db: &Client) -> anyhow::Result<()> {
    db.execute_typed("DELETE FROM reset_offers", &[]).await?;
    Ok(())
}

async fn by_hash(db: &Client, token_hash: &[u8; 32]) -> anyhow::Result<Option<Offer>> {
    let query = "SELECT user_id, maker_id, created_at, expires_at FROM reset_offers
                 WHERE token_hash = $1";
    let row = db.query_typed_opt(query, &[(&token_hash.as_slice(), Type::BYTEA)]).await?;
    row.map(|row| read(&row)).transpose()
}

/// To whom an offer was made, if it is open.
pub(super) async fn find(
    db: &Client,
    token_hash: &[u8; 32],
    now: Timestamp,
) -> anyhow::Result<Option<User>> {
    let Some(offer) = by_hash(db, token_hash).await? else { return Ok(None) };
    let maker = users::get(db, offer.maker).await?;
    let is_open = rules::is_open(maker.as_ref(), offer.expires_at, now);
    if is_open { users::get(db, offer.user).await } else { Ok(None) }
}

/// As [`find`], and locks both users.
pub(super) async fn lock(
    db: &Client,
    token_hash: &[u8; 32],
    now: Timestamp,
) -> anyhow::Result<Option<User>> {
    if let Some(offer) = by_hash(db, token_hash).await? {
        users::lock(db, &[offer.user, offer.maker]).await?;
    }
    // Whoever ends the offer has one of them locked, so it is there to the end or already gone.
    find(db, token_hash, now).await
}

/// Whether there is an open offer to the user.
pub(super) async fn is_open_to(db: &Client, user: UserId, now: Timestamp) -> anyhow::Result<bool> {
    let query = "SELECT user_id, maker_id, created_at, expires_at FROM reset_offers
                 WHERE user_id = $1";
    let row = db.query_typed_opt(query, &[(&user.uuid(), Type::UUID)]).await?;
    let Some(offer) = row.map(|row| read(&row)).transpose()? else { return Ok(false) };
    let maker = users::get(db, offer.maker).await?;
    Ok(rules::is_open(maker.as_ref(), offer.expires_at, now))
}

/// The open offers, in the order in which they were made.
pub(super) async fn list(db: &Client, now: Timestamp) -> anyhow::Result<Vec<OpenReset>> {
    let query = "SELECT user_id, maker_id, created_at, expires_at FROM reset_offers
                 ORDER BY created_at, user_id";
    let mut list = Vec::new();
    for row in db.query_typed(query, &[]).await? {
        let Offer { user, maker, created_at, expires_at } = read(&row)?;
        let by = or_none(users::get(db, maker).await)?;
        let user = or_none(users::get(db, user).await)?;
        if rules::is_open(by.as_ref(), expires_at, now) {
            list.extend(user.zip(by).map(|(user, by)| OpenReset {
                user,
                by,
                created_at,
                expires_at,
            }));
        }
    }
    Ok(list)
}

/// Removes the offers that have expired.
pub(super) async fn sweep(db: &Client, now: Timestamp) -> anyhow::Result<()> {
    let query = "DELETE FROM reset_offers WHERE expires_at <= $1";
    db.execute_typed(query, &[(&now.as_millisecond(), Type::INT8)]).await?;
    Ok(())
}
