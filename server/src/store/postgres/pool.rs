//! Connections for the store's operations, and what becomes of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures_util::future::BoxFuture;
use tokio::time::{error::Elapsed, timeout};
use tokio_postgres::Client;

use super::connect::Connector;
use super::failure::{ends_connection, kind_of};
use super::memory::Memory;
use crate::metrics::StoreMetrics;
use crate::store::StoreError;
use crate::store::applied::Applied;

/// Connections at most.
const SIZE: usize = 16;

/// How long an operation waits for a connection, how long it may take then, and how long its
/// commit may take. A commit can hang while a synchronous standby is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pool: Pool,
    memory: Arc<Memory>,
    metrics: StoreMetrics,
}

/// A connection of the pool. Unless it is given back, it is closed: an operation that was cut off
/// leaves it in an unknown state.
struct Borrowed(Option<Object>);

impl Connections {
    pub(super) fn new(
        connector: &Connector,
        memory: Arc<Memory>,
        metrics: StoreMetrics,
    ) -> anyhow::Result<Self> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let Connector { config, tls } = connector.clone();
        let manager = Manager::from_config(config, tls, recycling);
        let pool = Pool::builder(manager).max_size(SIZE).runtime(Runtime::Tokio1);
        let pool = pool.wait_timeout(Some(PATIENCE)).create_timeout(Some(PATIENCE)).build()?;
        Ok(Self(Arc::new(Shared { pool, memory, metrics })))
    }

    /// Operations that wait for a connection.
    pub(super) fn waiting(&self) -> usize {
        self.0.pool.status().waiting
    }

    /// Reads in a task of its own: a caller who goes away does not cut off the connection.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.0);
        run(async move { shared.read(read).await.map_err(kind_of) }).await
    }

    /// Makes a write in a task of its own and publishes what it changed: from the commit on, the
    /// tokens of sessions that ended are refused and users are read anew, whether or not the caller
    /// still waits.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        write: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<Applied<T>>>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.0);
        run(async move {
            let started = Instant::now();
            let written = shared.write(write).await;
            shared.metrics.commit(written.is_ok(), 1, started.elapsed());
            written.map_err(kind_of)
        })
        .await
    }
}

async fn run<T: Send + 'static>(
    operation: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let ended = tokio::spawn(operation).await.context("an operation of the store panicked");
    ended.map_err(StoreError::Unavailable)?
}

impl Shared {
    async fn borrow(&self) -> anyhow::Result<Borrowed> {
        if !self.memory.is_current() {
            return Err(anyhow!("there is no connection to the database"));
        }
        let object = self.pool.get().await.context("no connection to the database is free")?;
        Ok(Borrowed(Some(object)))
    }

    async fn read<T>(
        &self,
        read: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let borrowed = self.borrow().await?;
        let result = timeout(PATIENCE, read(borrowed.client()?)).await.unwrap_or_else(too_slow);
        if result.as_ref().err().is_none_or(|error| !ends_connection(error)) {
            borrowed.give_back();
        }
        result
    }

    async fn write<T>(
        &self,
        write: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<Applied<T>>>,
    ) -> anyhow::Result<T> {
        let borrowed = self.borrow().await?;
        let db = borrowed.client()?;
        let made = timeout(PATIENCE, begin(db, write)).await.unwrap_or_else(too_slow);
        let applied = match made {
            Ok(applied) => applied,
            Err(error) => {
                borrowed.roll_back(&error).await;
                return Err(error);
            }
        };
        let committed = timeout(PATIENCE, commit(db)).await.unwrap_or_else(too_slow);
        if let Err(error) = &committed {
            tracing::error!("a write may or may not have been committed: {error:#}");
        }
        // If the outcome is unknown, too: whoever asked wanted these sessions to end.
        self.memory.publish(&applied);
        committed?;
        borrowed.give_back();
        Ok(applied.answer)
    }
}

async fn begin<T>(
    db: &Client,
    write: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<Applied<T>>>,
) -> anyhow::Result<Applied<T>> {
    db.batch_execute("BEGIN").await?;
    write(db).await
}

/// The one place where a write ends.
async fn commit(db: &Client) -> anyhow::Result<()> {
    Ok(db.batch_execute("COMMIT").await?)
}

fn too_slow<T>(_: Elapsed) -> anyhow::Result<T> {
    Err(anyhow!("the database did not answer within {} s", PATIENCE.as_secs()))
}

impl Borrowed {
    fn client(&self) -> anyhow::Result<&Client> {
        Ok(self.0.as_ref().context("the connection is closed")?)
    }

    /// Ends the transaction that failed, and gives the connection back if it still works.
    async fn roll_back(self, error: &anyhow::Error) {
        if ends_connection(error) {
            return;
        }
        let Ok(db) = self.client() else { return };
        if let Ok(Ok(())) = timeout(PATIENCE, db.batch_execute("ROLLBACK")).await {
            self.give_back();
        }
    }

    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        // Outside the pool it is closed, and no cancel request is sent.
        drop(self.0.take().map(Object::take));
    }
}
