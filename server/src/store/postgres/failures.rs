//! Failed attempts on accounts, counted by all servers together.

pub(super) mod rows;

use anyhow::Context as _;
use async_trait::async_trait;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use self::rows::{add, clear, of};
use super::pool::Connections;
use crate::store::StoreError;
use crate::store::applied::Applied;
use crate::store::failures::{FailureQuota, Failures, SharedFailures};

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
