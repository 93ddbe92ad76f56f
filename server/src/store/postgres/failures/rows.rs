//! The rows of failed attempts.

use jiff::Timestamp;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::store::failures::{FailureQuota, Failures};
use crate::store::postgres::rows::Parameters;

/// Accounts whose failures in a row are remembered. Beyond that the longest unused are forgotten.
const MAX_ACCOUNTS: i64 = 1_000_000;

pub(super) async fn of(db: &Client, account: Vec<u8>, bucket: Vec<u8>) -> anyhow::Result<Failures> {
    let query = "SELECT (SELECT in_a_row FROM account_failures WHERE account = $1),
                        (SELECT forgotten_at FROM address_failures WHERE bucket = $2)";
    let parameters: Parameters<'_> = &[(&account, Type::BYTEA), (&bucket, Type::BYTEA)];
    let row = db.query_typed_one(query, parameters).await?;
    let in_a_row: Option<i64> = row.try_get(0)?;
    Ok(Failures {
        in_a_row: in_a_row.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX)),
        forgotten_at: row.try_get(1)?,
    })
}

pub(super) async fn add(
    db: &Client,
    account: Vec<u8>,
    bucket: Vec<u8>,
    quota: FailureQuota,
    now: i64,
) -> anyhow::Result<()> {
    let query = "INSERT INTO account_failures AS known (account, in_a_row, last_at)
                 VALUES ($1, 1, $2)
                 ON CONFLICT (account) DO UPDATE SET in_a_row = known.in_a_row + 1, last_at = $2";
    db.execute_typed(query, &[(&account, Type::BYTEA), (&now, Type::INT8)]).await?;
    // As `throttle/buckets` does it. A later time is left from before the clock was set back.
    let query = "INSERT INTO address_failures AS known (bucket, forgotten_at) VALUES ($1, $2 + $3)
                 ON CONFLICT (bucket) DO UPDATE
                 SET forgotten_at = least(greatest(known.forgotten_at, $2), $4) + $3";
    let FailureQuota { at_once, refill_ms } = quota;
    let one_less_than_full = now + (at_once - 1) * refill_ms;
    let parameters: Parameters<'_> = &[
        (&bucket, Type::BYTEA),
        (&now, Type::INT8),
        (&refill_ms, Type::INT8),
        (&one_less_than_full, Type::INT8),
    ];
    db.execute_typed(query, parameters).await?;
    Ok(())
}

pub(super) async fn clear(
    db: &Client,
    account: Vec<u8>,
    bucket: Option<Vec<u8>>,
) -> anyhow::Result<()> {
    let query = "DELETE FROM account_failures WHERE account = $1";
    db.execute_typed(query, &[(&account, Type::BYTEA)]).await?;
    if let Some(bucket) = bucket {
        let query = "DELETE FROM address_failures WHERE bucket = $1";
        db.execute_typed(query, &[(&bucket, Type::BYTEA)]).await?;
    }
    Ok(())
}

/// Forgets what no longer counts, and what is too much.
pub(in crate::store::postgres) async fn sweep(db: &Client, now: Timestamp) -> anyhow::Result<()> {
    let query = "DELETE FROM address_failures WHERE forgotten_at <= $1";
    db.execute_typed(query, &[(&now.as_millisecond(), Type::INT8)]).await?;
    let query = "DELETE FROM account_failures WHERE last_at <
                 (SELECT last_at FROM account_failures ORDER BY last_at DESC OFFSET $1 LIMIT 1)";
    db.execute_typed(query, &[(&MAX_ACCOUNTS, Type::INT8)]).await?;
    Ok(())
}
