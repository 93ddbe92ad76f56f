//! One server at a time: a lock that lasts as long as one connection.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::connect::{Connector, Direct};
use super::memory::Memory;
use super::{locks, sessions};

/// How long to wait for a server that is stopping.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often to try for the lock.
const RETRY: Duration = Duration::from_millis(200);

/// How often to ask whether the connection is there.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// A connection that does not answer for so long is lost.
const SILENCE: Duration = Duration::from_secs(5);

/// Another server or command uses the database.
#[derive(Debug, thiserror::Error)]
#[error(
    "another hallpass uses this database; stop it, or run commands where it runs, with its data \
     directory"
)]
pub struct DatabaseInUse;

/// The time in which this process alone uses the database. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Tenure {
    _keeper: AbortOnDropHandle<()>,
}

impl Tenure {
    /// Takes the lock and reads what is revoked.
    pub(super) async fn begin(connector: Connector, memory: Arc<Memory>) -> anyhow::Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        let lock = loop {
            match take(&connector, &memory).await {
                Err(error) if error.is::<DatabaseInUse>() && Instant::now() < deadline => {
                    sleep(RETRY).await;
                }
                taken => break taken?,
            }
        };
        let keeper = tokio::spawn(keep(connector, memory, lock));
        Ok(Self { _keeper: AbortOnDropHandle::new(keeper) })
    }
}

async fn take(connector: &Connector, memory: &Memory) -> anyhow::Result<Direct> {
    let direct = connector.connect().await?;
    if !locks::try_server(&direct.client).await? {
        bail!(DatabaseInUse);
    }
    memory.renew(&sessions::revoked(&direct.client).await?);
    Ok(direct)
}

/// Takes the lock again whenever it is lost. Meanwhile the store refuses.
async fn keep(connector: Connector, memory: Arc<Memory>, mut lock: Direct) {
    loop {
        until_lost(&mut lock).await;
        memory.outdate();
        tracing::error!("lost the connection to the database; nobody is served until it is back");
        lock = take_again(&connector, &memory).await;
        tracing::warn!("the connection to the database is back");
    }
}

async fn until_lost(lock: &mut Direct) {
    let Direct { client, task } = lock;
    let beat = async {
        while let Ok(Ok(_)) = timeout(SILENCE, client.query_typed("SELECT 1", &[])).await {
            sleep(HEARTBEAT).await;
        }
    };
    tokio::select! {
        () = beat => {}
        _ = task => {}
    }
}

async fn take_again(connector: &Connector, memory: &Memory) -> Direct {
    loop {
        match timeout(SILENCE, take(connector, memory)).await {
            Ok(Ok(lock)) => return lock,
            Ok(Err(error)) => tracing::debug!("no connection to the database yet: {error:#}"),
            Err(_) => tracing::debug!("the database does not answer"),
        }
        sleep(RETRY).await;
    }
}
