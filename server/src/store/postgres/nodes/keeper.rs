//! Keeps the lease of this server: polls, applies what others changed, and joins anew where it
//! can't go on.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::file::NodeFile;
use super::peers::Peers;
use super::{Polled, bury, list, poll, register};
use crate::clock::BootTime;
use crate::metrics::StoreMetrics;
use crate::store::postgres::connect::{Connector, Direct};
use crate::store::postgres::log::{self, Change, Lost, Place};
use crate::store::postgres::memory::Memory;
use crate::store::postgres::{channel, restrictions, sessions};

/// How often a server polls if nothing wakes it.
const PERIOD: Duration = Duration::from_millis(500);

/// How long to wait before the database is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// How long a poll may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long joining may take, and reading what is revoked.
const LONG_PATIENCE: Duration = Duration::from_secs(30);

/// Reads the keys again.
type ReloadKeys = Box<dyn Fn() -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// What the keeper and the store share.
pub(in crate::store::postgres) struct Shared {
    pub(in crate::store::postgres) memory: Memory,
    /// Wakes the keeper.
    wake: Arc<Notify>,
    /// As whom this server is registered; nil if it is not.
    own: Mutex<Uuid>,
    reload_keys: OnceLock<ReloadKeys>,
    metrics: StoreMetrics,
}

impl Shared {
    pub(in crate::store::postgres) fn new(metrics: StoreMetrics) -> Self {
        Self {
            memory: Memory::default(),
            wake: Arc::default(),
            own: Mutex::default(),
            reload_keys: OnceLock::new(),
            metrics,
        }
    }

    /// As whom this server is registered; nil if it is not.
    pub(in crate::store::postgres) fn own(&self) -> Uuid {
        *self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::store::postgres) fn set_own(&self, id: Uuid) {
        *self.own.lock().unwrap_or_else(PoisonError::into_inner) = id;
    }

    /// Polls at once.
    pub(in crate::store::postgres) fn wake(&self) {
        self.wake.notify_one();
    }

    /// From now on, a change of the keys counts as applied once `reload` has ended.
    pub(in crate::store::postgres) fn reload_keys_with(&self, reload: ReloadKeys) {
        let _ = self.reload_keys.set(reload);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("memory", &self.memory).finish_non_exhaustive()
    }
}

/// How far this server has come under which name.
#[derive(Clone, Copy)]
struct Membership {
    id: Uuid,
    place: Place,
}

/// Keeps the lease.
pub(in crate::store::postgres) struct Keeper {
    connector: Connector,
    shared: Arc<Shared>,
    file: NodeFile,
    lease: Duration,
    peers: Peers,
    /// When the other servers are looked at again.
    next_look: Instant,
}

impl Keeper {
    /// Joins. The returned future keeps the lease for as long as it is polled.
    pub(in crate::store::postgres) async fn join(
        connector: Connector,
        shared: Arc<Shared>,
        file: NodeFile,
        lease: Duration,
    ) -> anyhow::Result<impl Future<Output = ()> + Send> {
        let (peers, next_look) = (Peers::default(), Instant::now());
        let mut keeper = Self { connector, shared, file, lease, peers, next_look };
        let link = keeper.connect().await?;
        let mut membership = keeper.enter(&link).await?;
        keeper.poll(&link, &mut membership).await?;
        Ok(keeper.keep(link, membership))
    }

    async fn connect(&self) -> anyhow::Result<Direct> {
        let wake = Arc::clone(&self.shared.wake);
        let link = self.connector.connect_and_listen(move || wake.notify_one()).await?;
        timeout(PATIENCE, channel::listen(&link.client)).await.context(SILENT)??;
        Ok(link)
    }

    /// Registers this server, and reads what is revoked and restricted. The first poll begins the
    /// lease.
    async fn enter(&mut self, link: &Direct) -> anyhow::Result<Membership> {
        let (id, before) = (new_id()?, self.file.last());
        self.file.note(id).context("can't write to the data directory")?;
        let db = &link.client;
        let joining = async {
            register(db, id, self.lease, before).await?;
            // After the commit, and in this order: whatever is changed later is polled.
            let place = log::end(db).await?;
            let revoked = sessions::revoked(db).await?;
            anyhow::Ok((place, revoked, restrictions::read(db).await?))
        };
        let (place, revoked, restricted) =
            timeout(LONG_PATIENCE, joining).await.context(SILENT)??;
        self.reload_keys().await?;
        self.shared.memory.start_anew(&revoked, restricted);
        self.shared.set_own(id);
        Ok(Membership { id, place })
    }

    async fn keep(mut self, mut link: Direct, mut membership: Membership) {
        loop {
            match self.poll(&link, &mut membership).await {
                // Says at once that it is applied: somebody waits for that.
                Ok(true) => continue,
                Ok(false) => self.look_at_others(&link, membership.id).await,
                Err(error) => (link, membership) = self.recover(&error, membership).await,
            }
            tokio::select! {
                () = self.shared.wake.notified() => {}
                () = sleep(PERIOD.min(self.lease / 4)) => {}
                _ = &mut link.task => {}
            }
        }
    }

    /// Polls, and applies what is newer. Says whether there was anything.
    async fn poll(&self, link: &Direct, member: &mut Membership) -> anyhow::Result<bool> {
        // Before the poll: whatever is committed later may be missing in it.
        let begun = BootTime::now();
        let polling = poll(&link.client, member.id, member.place);
        let polled = timeout(PATIENCE.min(self.lease / 2), polling).await.context(SILENT)??;
        let Polled { timeline, changes, place } = polled;
        let memory = &self.shared.memory;
        ensure!(timeline >= memory.timeline(), "a primary answers that has been replaced");
        for change in &changes {
            self.apply(link, change).await?;
        }
        member.place = place;
        memory.trust(begun.after(self.lease), timeline);
        Ok(!changes.is_empty())
    }

    async fn apply(&self, link: &Direct, change: &Change) -> anyhow::Result<()> {
        let memory = &self.shared.memory;
        memory.apply(&change.revoked(), &change.users);
        if change.many_revoked {
            let reading = sessions::revoked(&link.client);
            memory.apply(&timeout(LONG_PATIENCE, reading).await.context(SILENT)??, &[]);
        }
        if change.restrictions {
            let reading = restrictions::read(&link.client);
            let restricted = timeout(PATIENCE, reading).await.context(SILENT)??;
            memory.restrictions().follow(&Arc::new(restricted));
        }
        if change.keys {
            self.reload_keys().await?;
        }
        Ok(())
    }

    async fn reload_keys(&self) -> anyhow::Result<()> {
        let Some(reload) = self.shared.reload_keys.get() else { return Ok(()) };
        timeout(PATIENCE, reload()).await.context("the keys can't be read in time")?
    }

    /// Connects anew, and joins anew if need be.
    async fn recover(
        &mut self,
        error: &anyhow::Error,
        membership: Membership,
    ) -> (Direct, Membership) {
        let mut going_on = Some(membership);
        if error.is::<Lost>() {
            self.shared.memory.distrust();
            going_on = None;
            tracing::error!("{error:#}; the server joins the others anew");
        } else {
            tracing::warn!("lost the connection to the database: {error:#}");
        }
        loop {
            match self.try_again(going_on).await {
                Ok(recovered) => {
                    tracing::info!("the connection to the database is back");
                    return recovered;
                }
                Err(error) => tracing::debug!("no connection to the database yet: {error:#}"),
            }
            sleep(RETRY).await;
        }
    }

    async fn try_again(
        &mut self,
        going_on: Option<Membership>,
    ) -> anyhow::Result<(Direct, Membership)> {
        let link = self.connect().await?;
        let membership = match going_on {
            Some(membership) => membership,
            None => self.enter(&link).await?,
        };
        Ok((link, membership))
    }

    /// Removes the servers that are dead, and what all servers have read.
    async fn look_at_others(&mut self, link: &Direct, own: Uuid) {
        if Instant::now() < self.next_look {
            return;
        }
        self.next_look = Instant::now() + (self.lease / 30).max(PERIOD);
        match timeout(PATIENCE, self.clean_up(link, own)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("can't look at the other servers: {error:#}"),
            Err(_) => tracing::warn!("can't look at the other servers: {SILENT}"),
        }
    }

    async fn clean_up(&mut self, link: &Direct, own: Uuid) -> anyhow::Result<()> {
        let begun = BootTime::now();
        let mut peers = list(&link.client).await?;
        self.shared.metrics.nodes.set(i64::try_from(peers.len())?);
        peers.retain(|peer| peer.id != own);
        for dead in self.peers.look(&peers, begun, BootTime::now()) {
            if bury(&link.client, &dead).await? {
                tracing::warn!(node = %dead.id, "removed a server that is silent");
            }
        }
        log::trim(&link.client).await
    }
}

const SILENT: &str = "the database does not answer";

fn new_id() -> anyhow::Result<Uuid> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).context("the system has no randomness")?;
    Ok(uuid::Builder::from_random_bytes(random).into_uuid())
}
