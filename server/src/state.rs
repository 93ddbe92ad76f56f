//! The parts of a running server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::accounts::Accounts;
use crate::assembly;
use crate::assets::Assets;
use crate::auth::{Authenticator, Bearers};
use crate::body::BodyBudget;
use crate::clock::Clock;
use crate::config::Config;
use crate::keys::KeyRing;
use crate::metrics::{Inner, Metrics};
use crate::proxies::TrustedProxies;
use crate::shutdown::Shutdown;
use crate::site::Site;
use crate::store::{Store, StoreCounts};

/// The running server, shared by all requests.
pub type App = Arc<State>;

/// The parts of a running server, made once at the start.
#[derive(Debug)]
pub struct State {
    /// What can be done with accounts.
    pub accounts: Arc<Accounts>,
    /// The cache of access tokens that were accepted lately.
    pub bearers: Bearers,
    /// The public address and the frontend: what pages, links and documents need.
    pub site: Arc<Site>,
    /// The limits on requests.
    pub intake: Intake,
    /// How far the shutdown has come.
    pub shutdown: Shutdown,
    /// The metrics.
    pub metrics: Metrics,
}

/// The limits on requests.
#[derive(Debug)]
pub struct Intake {
    /// The proxies whose word about a client's address counts.
    pub proxies: TrustedProxies,
    /// The memory for the bodies of all requests together.
    pub body_budget: BodyBudget,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
}

impl State {
    /// Makes the parts as `config` says.
    pub fn new(
        config: &Config,
        metrics: Metrics,
        store: Arc<dyn Store>,
        keys: Arc<KeyRing>,
        clock: Clock,
        assets: Assets,
    ) -> anyhow::Result<Self> {
        let accounts = assembly::accounts(config, &metrics, store, keys, clock)?;
        Ok(Self {
            bearers: Bearers::new(metrics.tokens.clone()),
            site: Arc::new(Site::new(config, assets)?),
            accounts: Arc::new(accounts),
            intake: Intake {
                proxies: TrustedProxies::new(&config.trusted_proxies()),
                body_budget: BodyBudget::new(metrics.bodies.clone()),
                body_timeout: Duration::from_secs(15),
            },
            shutdown: Shutdown::default(),
            metrics,
        })
    }

    /// Notes the addresses that the server listens on; none stands for a socket of the file system.
    /// Call it before `site` is shared.
    #[must_use]
    pub fn listening_on(mut self, addresses: &[Option<SocketAddr>]) -> Self {
        if let Some(site) = Arc::get_mut(&mut self.site) {
            site.listening_on(addresses);
        }
        self
    }

    /// Finds out which account a request belongs to.
    pub fn authenticator(&self) -> Authenticator<'_> {
        Authenticator {
            accounts: &self.accounts,
            bearers: &self.bearers,
            reached: self.site.reached(),
            refresh_cookie: &self.site.refresh_cookie,
        }
    }

    /// Updates the metrics that are not counted event by event, such as how many users there are.
    pub async fn take_stock(&self) -> anyhow::Result<()> {
        self.metrics.hashing.mirror(&self.accounts.prover.pool.stats());
        let StoreCounts { users, sessions, revoked, queue } = self.accounts.store.counts().await?;
        let Inner { store, tokens, .. } = &*self.metrics;
        let counts = [
            (&tokens.entries, self.bearers.count() as u64),
            (&store.users, users),
            (&store.sessions, sessions),
            (&store.revoked, revoked),
            (&store.queue, queue),
        ];
        for (gauge, count) in counts {
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        Ok(())
    }

    /// Removes what has expired.
    pub async fn sweep(&self) {
        let Accounts { store, clock, .. } = &*self.accounts;
        let now = clock.now();
        match store.sweep(now).await {
            Ok(0) => {}
            Ok(sessions) => tracing::debug!(sessions, "expired sessions were removed"),
            Err(error) => tracing::error!("can't remove expired sessions: {error:#}"),
        }
        self.accounts.sweep_keys(now).await;
        self.accounts.sweep_audit(now).await;
        self.bearers.sweep(&self.accounts, now);
    }
}
