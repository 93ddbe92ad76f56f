//! PostgreSQL as the store, for one server or several.
//!
//! An operation locks the user's row first, then the session's. So two operations on one user run
//! one after the other, and the rules judge what is there.
//!
//! Each server ("node") answers from memory whether an access token is good. So what one of them
//! changes, the others must learn before the answer:
//!
//! - A write that matters to others takes a number in the log of changes (`log`).
//! - Each node polls the log and says how far it has come (`nodes`). It trusts its memory until one
//!   lease after the moment at which its last successful poll began.
//! - Whoever made the write waits until every other node has come to its number, or until their
//!   leases must have ended (`waits`).
//!
//! No clock of the database counts, and no two clocks are compared.

mod addresses;
mod audit;
mod challenges;
mod changes;
mod channel;
mod connect;
mod copy;
mod failure;
mod failures;
mod keys;
mod locks;
mod log;
mod memory;
mod names;
mod nodes;
mod oauth_clients;
mod operations;
mod pool;
mod replication;
mod resets;
mod restrictions;
mod rows;
mod schema;
mod sessions;
mod sign_outs;
mod store;
mod timeline;
mod url;
mod users;
mod waits;

#[cfg(test)]
pub(super) mod tests;

pub(super) use self::copy::PostgresCopy;
pub use self::keys::KeyRows;
pub use self::url::DatabaseUrl;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_postgres::Client;
use tokio_util::task::AbortOnDropHandle;

use self::connect::Connector;
use self::failures::PostgresFailures;
use self::nodes::{Keeper, NodeFile, Shared, outlasting};
use self::pool::Connections;
use self::replication::Replication;
use super::applied::Applied;
use super::error::{EditUserError, StoreError};
use super::keys_record::KeysRecord;
use super::session::Moment;
use crate::metrics::StoreMetrics;

/// The longest lease that a server may have.
pub const LONGEST_LEASE: Duration = Duration::from_secs(10 * 60);

/// A PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    connections: Connections,
    shared: Arc<Shared>,
    metrics: StoreMetrics,
    failures: Arc<PostgresFailures>,
    /// Whether this is a server, and no command.
    is_node: bool,
    /// Keeps the lease, until the server leaves.
    keeper: Mutex<Option<AbortOnDropHandle<()>>>,
}

/// Checks that the URL makes sense, and reads the certificates that it names. Connects to nothing.
///
/// # Errors
///
/// Why no connection could be tried.
pub fn check_url(url: &DatabaseUrl) -> anyhow::Result<()> {
    Connector::new(url).map(|_| ())
}

/// How a server takes part.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// How long the server answers from memory without having heard from the database.
    pub lease: Duration,
    /// The server's data directory, which no other server uses.
    pub data_dir: PathBuf,
    /// The database without a pooler in between, if the store's URL leads to one: a pooler passes
    /// no notifications on.
    pub direct: Option<DatabaseUrl>,
}

impl PostgresStore {
    /// Connects to the database and brings its schema up to date, for a command. It writes as a
    /// server does, and nobody waits for it: what it answers from memory can't be trusted.
    ///
    /// # Errors
    ///
    /// If the schema is of a later version, or the database can't be reached.
    pub async fn open(url: &DatabaseUrl, metrics: StoreMetrics) -> anyhow::Result<Self> {
        let connector = Connector::new(url)?;
        let shared = Arc::new(Shared::new(metrics.clone()));
        schema::migrate(&connector).await?;
        let connections = Connections::new(&connector, Arc::clone(&shared), metrics.clone())?;
        let db = &connector.connect().await?.client;
        let failures = Arc::new(PostgresFailures::new(db, connections.clone()).await?);
        let (is_node, keeper) = (false, Mutex::default());
        Ok(Self { connections, shared, metrics, failures, is_node, keeper })
    }

    /// As [`open`](Self::open), for a server: one of those that use the database.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), or if another server runs on the data directory.
    pub async fn join(
        url: &DatabaseUrl,
        settings: NodeSettings,
        metrics: StoreMetrics,
    ) -> anyhow::Result<Self> {
        let NodeSettings { lease, data_dir, direct } = settings;
        let file = NodeFile::open(&data_dir)?;
        let mut store = Self::open(url, metrics).await?;
        let shared = Arc::clone(&store.shared);
        store.warn_about_replication(url).await?;
        let connector = Connector::new(direct.as_ref().unwrap_or(url))?;
        let keeping = Keeper::join(connector, shared, file, lease).await?;
        let keeper = Mutex::new(Some(AbortOnDropHandle::new(tokio::spawn(keeping))));
        (store.is_node, store.keeper) = (true, keeper);
        Ok(store)
    }

    async fn warn_about_replication(&self, url: &DatabaseUrl) -> anyhow::Result<()> {
        let hosts = url.parse()?.config.get_hosts().len();
        let replication = self.read(move |db| Box::pin(Replication::read(db, hosts))).await?;
        if let Some(concern) = replication.concern() {
            tracing::warn!("{concern}");
        }
        Ok(())
    }

    /// From now on, a change of the keys counts as applied once `reload` has ended.
    pub fn reload_keys_with(
        &self,
        reload: impl Fn() -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync + 'static,
    ) {
        self.shared.reload_keys_with(Box::new(reload));
    }

    /// Whether keys were made for this database.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub async fn keys_record(&self) -> Result<KeysRecord, StoreError> {
        self.read(|db| Box::pin(rows::keys_record(db))).await
    }

    /// How long it may take until every server that answers knows what one has changed.
    pub fn spread() -> Duration {
        outlasting(LONGEST_LEASE)
    }

    /// The row with the sealed keys.
    pub fn key_rows(&self) -> KeyRows {
        KeyRows(self.connections.clone())
    }

    /// Ends all sessions and lets the next start make new keys, both or neither.
    ///
    /// # Errors
    ///
    /// If the store can't write.
    pub async fn record_keys_reset(&self, at: Moment) -> Result<usize, EditUserError> {
        self.write(move |db| {
            Box::pin(async move {
                keys::give_up(db).await?;
                let mut applied = operations::end_all_sessions(db, None, at).await?;
                applied.news.keys = true;
                Ok(applied)
            })
        })
        .await?
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
