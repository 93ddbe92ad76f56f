use std::time::Duration;

use anyhow::ensure;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use super::peers::{Peer, Peers};
use super::{bury, list};
use crate::clock::BootTime;

/// How long to wait for a server that is stopping.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often to look meanwhile. A server that runs polls within this time.
const PERIOD: Duration = Duration::from_millis(500);

/// Somebody else works in the database.
#[derive(Debug, thiserror::Error)]
#[error("a hallpass server uses this database; stop it and try again")]
pub(in crate::store::postgres) struct DatabaseInUse;

/// Waits until no server is registered. One that was killed is removed once its lease has ended.
///
/// # Errors
///
/// [`DatabaseInUse`] if a server runs.
pub(in crate::store::postgres) async fn until_alone(db: &Client) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let (mut peers, mut before) = (Peers::default(), Vec::new());
    loop {
        let begun = BootTime::now();
        let found = list(db).await?;
        if found.is_empty() {
            return Ok(());
        }
        let is_alive = |peer: &Peer| before.iter().any(|old| peer.has_polled_since(old));
        ensure!(Instant::now() < deadline || !found.iter().any(is_alive), DatabaseInUse);
        for dead in peers.look(&found, begun, BootTime::now()) {
            bury(db, &dead).await?;
        }
        before = found;
        sleep(PERIOD).await;
    }
}

/// Fails if a server is registered.
///
/// # Errors
///
/// [`DatabaseInUse`].
pub(in crate::store::postgres) async fn ensure_alone(db: &Client) -> anyhow::Result<()> {
    ensure!(list(db).await?.is_empty(), DatabaseInUse);
    Ok(())
}
