//! Failed attempts on accounts, counted by all servers together.

use anyhow::Context as _;
use async_trait::async_trait;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::pool::Connections;
use super::rows::Parameters;
use crate::store::StoreError;
use crate::store::applied::Applied;
use crate::store::failures::{FailureQuota, Failures, SharedFailures};

/// Accounts whose failures in a row are remembered. Beyond that the longest unused are forgotten.
const MAX_ACCOUNTS: i64 = 1_000_000;

/// The tables of failed attempts.
#[derive(Debug)]
pub(super) struct PostgresFailures {
    connections: Connections,
    hash: Hash,
}

/// What is kept of accounts and addresses. What people type as a name may be a password, so nobody
/// who reads the tables must be able to guess it.
#[derive(Clone)]
struct Hash(Hmac<Sha256>);

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hash")
    }
}

impl Hash {
    fn of(&self, texts: &[&str]) -> Vec<u8> {
        let mut mac = self.0.clone();
        for text in texts {
            mac.update(&(text.len() as u64).to_be_bytes());
            mac.update(text.as_bytes());
        }
        mac.finalize().into_bytes()[..16].to_vec()
    }
}

impl PostgresFailures {
    /// Reads the key of the hashes. Of several servers that start at once, one makes it.
    pub(super) async fn new(db: &Client, connections: Connections) -> anyhow::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).context("the system has no randomness")?;
        let make = "INSERT INTO failures_key (key) VALUES ($1) ON CONFLICT DO NOTHING";
        db.execute_typed(make, &[(&key.as_slice(), Type::BYTEA)]).await?;
        let row = db.query_typed_one("SELECT key FROM failures_key", &[]).await?;
        let key: &[u8] = row.try_get("key")?;
        let hash = Hash(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"));
        Ok(Self { connections, hash })
    }

    async fn write(
        &self,
        write: impl for<'a> FnOnce(
            &'a Client,
        ) -> futures_util::future::BoxFuture<'a, anyhow::Result<()>>
        + Send
        + 'static,
    ) -> Result<(), StoreError> {
        self.connections
            .write(move |db| {
                Box::pin(async move {
                    // The counts may get lost with the primary, so no attempt waits for a standby.
                    db.batch_execute("SET LOCAL synchronous_commit = off").await?;
                    write(db).await?;
                    Ok(Applied::quietly(()))
                })
            })
            .await
    }
}

#[async_trait]
impl SharedFailures for PostgresFailures {
    async fn of(&self, account: &str, address: &str) -> Result<Failures, StoreError> {
        let (row, bucket) = (self.hash.of(&[account]), self.hash.of(&[account, address]));
        self.connections.read(move |db| Box::pin(of(db, row, bucket))).await
    }

    async fn add(
        &self,
        account: &str,
        address: &str,
        quota: FailureQuota,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (row, bucket) = (self.hash.of(&[account]), self.hash.of(&[account, address]));
        self.write(move |db| Box::pin(add(db, row, bucket, quota, now.as_millisecond()))).await
    }

    async fn clear(&self, account: &str, address: Option<&str>) -> Result<(), StoreError> {
        let row = self.hash.of(&[account]);
        let bucket = address.map(|address| self.hash.of(&[account, address]));
        self.write(move |db| Box::pin(clear(db, row, bucket))).await
    }
}

async fn of(db: &Client, account: Vec<u8>, bucket: Vec<u8>) -> anyhow::Result<Failures> {
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

async fn add(
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

async fn clear(db: &Client, account: Vec<u8>, bucket: Option<Vec<u8>>) -> anyhow::Result<()> {
    let query = "DELETE FROM account_failures WHERE account = $1";
    db.execute_typed(query, &[(&account, Type::BYTEA)]).await?;
    if let Some(bucket) = bucket {
        let query = "DELETE FROM address_failures WHERE bucket = $1";
        db.execute_typed(query, &[(&bucket, Type::BYTEA)]).await?;
    }
    Ok(())
}

/// Forgets what no longer counts, and what is too much.
pub(super) async fn sweep(db: &Client, now: Timestamp) -> anyhow::Result<()> {
    let query = "DELETE FROM address_failures WHERE forgotten_at <= $1";
    db.execute_typed(query, &[(&now.as_millisecond(), Type::INT8)]).await?;
    let query = "DELETE FROM account_failures WHERE last_at <
                 (SELECT last_at FROM account_failures ORDER BY last_at DESC OFFSET $1 LIMIT 1)";
    db.execute_typed(query, &[(&MAX_ACCOUNTS, Type::INT8)]).await?;
    Ok(())
}
