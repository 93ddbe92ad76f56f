//! Connections for the store's operations, and what becomes of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures_util::future::BoxFuture;
use tokio::time::{error::Elapsed, timeout};
use tokio_postgres::Client;
use tracing::Instrument as _;
use uuid::Uuid;

use super::connect::Connector;
use super::failure::{ends_connection, kind_of};
use super::log::{self, Change, Numbered};
use super::nodes::{self, Shared};
use super::operations;
use super::sign_outs::{Committed, Ending, SignOuts};
use super::waits::Waits;
use crate::metrics::StoreMetrics;
use crate::store::applied::Applied;
use crate::store::{Moment, SessionId, StoreError};
use crate::traces;

/// Connections at most.
const SIZE: usize = 16;

/// How long an operation waits for a connection, how long it may take then, and how long its
/// commit may take. A commit can hang while a synchronous standby is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connections.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    work: Arc<Work>,
    waits: Arc<Waits>,
    sign_outs: Arc<SignOuts>,
}

#[derive(Debug)]
struct Work {
    pool: Pool,
    shared: Arc<Shared>,
    metrics: StoreMetrics,
}

/// A write that was committed.
struct Written<T> {
    answer: T,
    /// None if nobody else need know, or the answer need not wait for them.
    awaited: Option<Numbered>,
}

/// A connection of the pool. Unless it is given back, it is closed: an operation that was cut off
/// leaves it in an unknown state.
struct Borrowed(Option<Object>);

impl Connections {
    pub(super) fn new(
        connector: &Connector,
        shared: Arc<Shared>,
        metrics: StoreMetrics,
    ) -> anyhow::Result<Self> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let Connector { config, tls } = connector.clone();
        let manager = Manager::from_config(config, tls, recycling);
        let pool = Pool::builder(manager).max_size(SIZE).runtime(Runtime::Tokio1);
        let pool = pool.wait_timeout(Some(PATIENCE)).create_timeout(Some(PATIENCE)).build()?;
        let work = Arc::new(Work { pool, shared, metrics });
        let (reading, ending) = (Arc::clone(&work), Arc::clone(&work));
        let waits = Waits::new(Box::new(move || Box::pin(Arc::clone(&reading).applied())));
        let end = move |sessions| Arc::clone(&ending).end_by_ids(sessions);
        let sign_outs = SignOuts::new(Box::new(move |sessions| Box::pin(end(sessions))));
        Ok(Self { work, waits, sign_outs })
    }

    /// Operations that wait for a connection.
    pub(super) fn waiting(&self) -> usize {
        self.work.pool.status().waiting
    }

    /// Reads in a task of its own: a caller who goes away does not cut off the connection.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let work = Arc::clone(&self.work);
        let read = async move { work.read(read).await.map_err(kind_of) };
        run(read.instrument(traces::step("read"))).await
    }

    /// Makes a write in a task of its own and publishes what it changed: from the commit on, the
    /// tokens of sessions that ended are refused and users are read anew, whether or not the caller
    /// still waits. The answer comes once that is so on every server.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        write: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<Applied<T>>>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        let (work, waits) = (Arc::clone(&self.work), Arc::clone(&self.waits));
        let write = async move {
            let Written { answer, awaited } = work.commit(1, write).await?;
            work.wait(&waits, awaited).await;
            Ok(answer)
        };
        run(write.instrument(traces::step("write"))).await
    }

    /// Ends a session, and waits as [`write`](Self::write) does.
    pub(super) async fn end_session(&self, id: SessionId, at: Moment) -> Result<(), StoreError> {
        let (work, waits) = (Arc::clone(&self.work), Arc::clone(&self.waits));
        let sign_outs = Arc::clone(&self.sign_outs);
        let end = async move {
            let awaited = sign_outs.end(id, at).await?;
            work.wait(&waits, awaited).await;
            Ok(())
        };
        run(end.instrument(traces::step("write"))).await
    }
}

async fn run<T: Send + 'static>(
    operation: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let ended = tokio::spawn(operation).await.context("an operation of the store panicked");
    ended.map_err(StoreError::Unavailable)?
}

impl Work {
    async fn borrow(&self) -> anyhow::Result<Borrowed> {
        let object = self.pool.get().await.context("no connection to the database is free")?;
        Ok(Borrowed(Some(object)))
    }

    /// Closes the connections that nobody uses. What broke one of them broke most: a fail-over
    /// breaks all.
    fn drop_idle(&self) {
        self.pool.retain(|_, _| false);
    }

    async fn read<T>(
        &self,
        read: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let borrowed = self.borrow().await?;
        let result = timeout(PATIENCE, read(borrowed.client()?)).await.unwrap_or_else(too_slow);
        match &result {
            Err(error) if ends_connection(error) => self.drop_idle(),
            _ => borrowed.give_back(),
        }
        result
    }

    /// Makes a write of so many callers.
    async fn commit<T>(
        &self,
        callers: usize,
        write: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<Applied<T>>>,
    ) -> Result<Written<T>, StoreError> {
        let started = Instant::now();
        let written = self.write(write).await;
        self.metrics.commit(written.is_ok(), callers, started.elapsed());
        written.map_err(kind_of)
    }

    async fn end_by_ids(self: Arc<Self>, sessions: Ending) -> Committed {
        let callers = sessions.len();
        let ended = self.commit(callers, |db| Box::pin(operations::end_by_ids(db, sessions)));
        Ok(ended.await?.awaited)
    }

    /// The last change that all other servers have applied.
    async fn applied(self: Arc<Self>) -> anyhow::Result<Option<i64>> {
        let own = self.shared.own();
        self.read(|db| Box::pin(nodes::applied_by_others(db, own))).await
    }

    /// Waits until the other servers know of a write, if they must.
    async fn wait(&self, waits: &Arc<Waits>, awaited: Option<Numbered>) {
        let Some(Numbered { number, longest_lease }) = awaited else { return };
        let started = Instant::now();
        let applied = waits.until_applied(number, longest_lease);
        applied.instrument(traces::step("wait for the other servers")).await;
        self.metrics.waited(started.elapsed());
    }

    async fn write<T>(
        &self,
        write: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<Applied<T>>>,
    ) -> anyhow::Result<Written<T>> {
        let borrowed = self.borrow().await?;
        let db = borrowed.client()?;
        let making = begin(db, self.shared.own(), write);
        let made = timeout(PATIENCE, making).await.unwrap_or_else(too_slow);
        let (applied, numbered) = match made {
            Ok(made) => made,
            Err(error) => {
                if ends_connection(&error) {
                    self.drop_idle();
                }
                borrowed.roll_back(&error).await;
                return Err(error);
            }
        };
        let committed = timeout(PATIENCE, commit(db)).await.unwrap_or_else(too_slow);
        if let Err(error) = &committed {
            self.drop_idle();
            tracing::error!("a write may or may not have been committed: {error:#}");
        }
        // If the outcome is unknown, too: whoever asked wanted these sessions to end.
        match &committed {
            Ok(_) => self.shared.memory.publish(&applied.news),
            Err(_) => self.shared.memory.publish_unsure(&applied.news),
        }
        committed?;
        borrowed.give_back();
        let awaited = numbered
            .filter(|numbered| applied.news.is_awaited && !numbered.longest_lease.is_zero());
        Ok(Written { answer: applied.answer, awaited })
    }
}

async fn begin<T>(
    db: &Client,
    own: Uuid,
    write: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<Applied<T>>>,
) -> anyhow::Result<(Applied<T>, Option<Numbered>)> {
    db.batch_execute("BEGIN").await?;
    let applied = write(db).await?;
    if applied.news.is_empty() {
        return Ok((applied, None));
    }
    let numbered = log::append(db, own, &Change::of(&applied.news)).await?;
    Ok((applied, Some(numbered)))
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
