//! What the handlers work with.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hallpass_contract::Secret;
use http::HeaderValue;
use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use crate::assets::Assets;
use crate::auth::Bearers;
use crate::body::BodyBudget;
use crate::clock::Clock;
use crate::config::{Config, Registration, Switch};
use crate::content_policy;
use crate::keys::KeyRing;
use crate::metrics::{Inner, Metrics};
use crate::openapi::Documents;
use crate::problem::Problem;
use crate::proof::password::{JobKind, PhcHash, Policy, Pool, PoolError, Settings};
use crate::proxies::TrustedProxies;
use crate::same_origin;
use crate::sessions::Sessions;
use crate::shutdown::Shutdown;
use crate::store::{EditUserError, Lifetimes, Moment, Store, StoreCounts, User};
use crate::throttle::Throttle;
use crate::token::Tokens;
use crate::username::{NameRules, Username};

/// The running server, shared by all requests.
pub type App = Arc<State>;

/// What the handlers work with; made once at start.
#[derive(Debug)]
pub struct State {
    /// Where users and sessions are kept.
    pub store: Arc<dyn Store>,
    /// The keys that sign access tokens.
    pub keys: Arc<KeyRing>,
    /// Signs and checks access tokens.
    pub tokens: Tokens,
    /// The access tokens that were accepted not long ago.
    pub bearers: Bearers,
    /// Makes sessions and their refresh tokens.
    pub sessions: Sessions,
    /// Hashes and verifies passwords.
    pub pool: Pool,
    /// What a new password must be.
    pub policy: Policy,
    /// What a name must be that a person chooses.
    pub names: NameRules,
    /// Who may try how often.
    pub throttle: Throttle,
    /// Who may register.
    pub registration: Registration,
    /// How long ago the password may have been given for what is dangerous.
    pub fresh_for: Duration,
    /// The origin under which people see the server; without it, the one they called it by.
    pub public_url: Option<String>,
    /// Whether people reach the server by https.
    pub over_https: bool,
    /// What links that are sent to people begin with; nothing if no such origin is known.
    pub link_origin: Option<String>,
    /// The origins beside our own to which the frontend may send the access token.
    pub token_origins: Vec<String>,
    /// The paths to which it never does.
    pub no_token_paths: Vec<String>,
    /// What the frontend's pages may load, and where they may connect.
    pub frontend_policy: HeaderValue,
    /// Whose word about a client's address counts.
    pub proxies: TrustedProxies,
    /// How far the shutdown has come.
    pub shutdown: Shutdown,
    /// What goes on when its client has gone; the shutdown waits for it.
    pub tasks: TaskTracker,
    /// The time.
    pub clock: Clock,
    /// The frontend's files.
    pub assets: Assets,
    /// What describes the API; made with the routes.
    pub documents: OnceLock<Documents>,
    /// How much memory requests' bodies may take.
    pub body_budget: BodyBudget,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// What is counted.
    pub metrics: Metrics,
}

impl State {
    /// Puts the parts together as `config` says.
    ///
    /// # Errors
    ///
    /// If the hashing threads can't be started.
    pub fn new(
        config: &Config,
        metrics: Metrics,
        store: Arc<dyn Store>,
        keys: Arc<KeyRing>,
        clock: Clock,
        assets: Assets,
    ) -> anyhow::Result<Self> {
        let (issuer, audience) = (config.issuer(), config.tokens.audience.clone());
        let tokens = Tokens::new(Arc::clone(&keys), issuer, audience, config.access_ttl);
        let policy = Policy { min_chars: config.passwords.password_min.into() };
        let token_origins = config.interceptor.origins();
        let frontend_policy = content_policy::connecting_to(&token_origins)?;
        let lifetimes = Lifetimes { idle: config.refresh_ttl, absolute: config.session_max };
        Ok(Self {
            store,
            tokens: tokens.with_leeway(config.tokens.leeway),
            bearers: Bearers::default(),
            sessions: Sessions::new(keys.shared_refresh_key(), lifetimes),
            keys,
            pool: Pool::start(Settings {
                observer: Arc::new(metrics.hashing.clone()),
                ..Settings::new(config.passwords.pbkdf2_iterations)
            })?,
            policy,
            names: NameRules::new(&config.names.reserved()),
            throttle: Throttle::new(
                config.login_throttle == Switch::On,
                clock.clone(),
                metrics.throttled.clone(),
            ),
            registration: config.registration,
            fresh_for: config.fresh_for,
            public_url: config.public_url.clone(),
            over_https: config.over_https(),
            link_origin: config.public_url.clone(),
            no_token_paths: config.interceptor.excluded(),
            proxies: TrustedProxies::new(&config.trusted_proxies()),
            shutdown: Shutdown::default(),
            tasks: TaskTracker::new(),
            clock,
            assets: if token_origins.is_empty() { assets } else { assets.under(&frontend_policy) },
            token_origins,
            frontend_policy,
            documents: OnceLock::new(),
            body_budget: BodyBudget::new(metrics.bodies.clone()),
            body_timeout: Duration::from_secs(15),
            metrics,
        })
    }

    /// Takes note of the address that the server listens on: links can lead there if it is
    /// loopback and no public URL is set.
    #[must_use]
    pub fn listening_on(self, address: SocketAddr) -> Self {
        let link_origin = self.link_origin.or_else(|| same_origin::of_loopback(address));
        Self { link_origin, ..self }
    }

    /// The time, and when the access tokens of now will all have expired.
    pub fn moment(&self) -> Moment {
        let now = self.clock.now();
        let longest = self.keys.longest_ttl() + crate::config::MAX_LEEWAY;
        let tokens_expired_at = now.checked_add(longest).unwrap_or(Timestamp::MAX);
        Moment { now, tokens_expired_at }
    }

    /// Why a user was not changed, as the client is told.
    pub fn refusal(&self, error: EditUserError) -> Problem {
        Problem::of_edit(error, self.fresh_for)
    }

    /// Hashes a new password for `username`, who has an account or gets one from an operator, if
    /// the policy accepts it.
    ///
    /// # Errors
    ///
    /// If the hashing queue is full; inside, a sentence that tells a person what to do.
    pub async fn hash_new_password(
        &self,
        password: Secret,
        username: &str,
    ) -> Result<Result<PhcHash, String>, PoolError> {
        let (policy, username) = (self.policy, Username::parse(username).ok());
        let check = move || Ok((policy.check(&password, username.as_ref())?, ()));
        Ok(self.pool.hash_checked(JobKind::Login, check).await?.map(|(hash, ())| hash))
    }

    /// Forgets the user's failed logins in a row, after a new password was set.
    pub async fn forgive(&self, user: &User) {
        match self.store.account_of(&user.username_key).await {
            Ok(account) => self.throttle.forgive(&account),
            Err(error) => {
                tracing::error!(user = %user.id, "failed logins still count: {error:#}");
            }
        }
    }

    /// Looks at what changes without being counted: what is there, and what waits.
    ///
    /// # Errors
    ///
    /// If the store can't be read.
    pub async fn take_stock(&self) -> anyhow::Result<()> {
        self.metrics.hashing.mirror(&self.pool.stats());
        let StoreCounts { users, sessions, revoked, queue } = self.store.counts().await?;
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

    /// Forgets what has expired.
    pub async fn sweep(&self) {
        let now = self.clock.now();
        match self.store.sweep(now).await {
            Ok(0) => {}
            Ok(sessions) => tracing::debug!(sessions, "expired sessions were removed"),
            Err(error) => tracing::error!("can't remove expired sessions: {error:#}"),
        }
        if let Err(error) = self.keys.sweep(now) {
            tracing::error!("can't remove retired keys: {error:#}");
        }
        self.bearers.sweep(self, now);
    }
}
