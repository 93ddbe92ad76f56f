//! PostgreSQL as the store, for one server at a time.
//!
//! An operation locks the user's row first, then the session's. So two operations on one user run
//! one after the other, and the rules judge what is there.

mod addresses;
mod changes;
mod connect;
mod copy;
mod failure;
mod failures;
mod locks;
mod memory;
mod names;
mod operations;
mod pool;
mod resets;
mod rows;
mod schema;
mod sessions;
mod store;
mod tenure;
mod url;
mod users;

#[cfg(test)]
pub(super) mod tests;

pub(super) use self::copy::PostgresCopy;
pub use self::tenure::DatabaseInUse;
pub use self::url::DatabaseUrl;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_postgres::Client;

use self::connect::Connector;
use self::failures::PostgresFailures;
use self::memory::Memory;
use self::pool::Connections;
use self::tenure::Tenure;
use super::applied::Applied;
use super::error::StoreError;
use super::keys_record::KeysRecord;
use super::session::Moment;
use crate::metrics::StoreMetrics;

/// A PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    connections: Connections,
    memory: Arc<Memory>,
    failures: Arc<PostgresFailures>,
    _tenure: Tenure,
}

impl PostgresStore {
    /// Connects to the database and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// If another server uses the database ([`DatabaseInUse`]), its schema is of a later version,
    /// or it can't be reached.
    pub async fn open(url: &DatabaseUrl, metrics: StoreMetrics) -> anyhow::Result<Self> {
        let connector = Connector::new(url)?;
        let memory = Arc::new(Memory::default());
        schema::migrate(&connector).await?;
        let tenure = Tenure::begin(connector.clone(), Arc::clone(&memory)).await?;
        let connections = Connections::new(&connector, Arc::clone(&memory), metrics)?;
        let db = &connector.connect().await?.client;
        let failures = Arc::new(PostgresFailures::new(db, connections.clone()).await?);
        Ok(Self { connections, memory, failures, _tenure: tenure })
    }

    /// Whether keys were made for this database.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub async fn keys_record(&self) -> Result<KeysRecord, StoreError> {
        self.read(|db| Box::pin(rows::keys_record(db))).await
    }

    /// Notes that the keys of this database are on the disk, unless that is noted already.
    ///
    /// # Errors
    ///
    /// If the store can't write.
    pub async fn record_keys_made(&self) -> Result<(), StoreError> {
        if self.keys_record().await? == KeysRecord::Made {
            return Ok(());
        }
        self.write(|db| {
            Box::pin(async {
                rows::set_keys_record(db, KeysRecord::Made).await?;
                Ok(Applied::ending((), Vec::new()))
            })
        })
        .await
    }

    /// Ends all sessions and lets the next start make new keys, both or neither.
    ///
    /// # Errors
    ///
    /// If the store can't write.
    pub async fn record_keys_reset(&self, at: Moment) -> Result<usize, StoreError> {
        self.write(move |db| {
            Box::pin(async move {
                rows::set_keys_record(db, KeysRecord::Reset).await?;
                operations::end_all_sessions(db, at).await
            })
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.connections.read(read).await
    }

    async fn write<T: Send + 'static>(
        &self,
        write: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<Applied<T>>>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        self.connections.write(write).await
    }
}
