//! What the handlers work with.

use std::sync::Arc;
use std::time::Duration;

use crate::assets::Assets;
use crate::clock::Clock;
use crate::config::{Config, Registration};
use crate::keys::SigningKey;
use crate::password::{Policy, Pool};
use crate::store::Store;
use crate::token::Tokens;

/// The running server, shared by all requests.
pub type App = Arc<State>;

/// What the handlers work with; made once at start.
#[derive(Debug)]
pub struct State {
    /// Where users are kept.
    pub store: Arc<dyn Store>,
    /// Signs and checks access tokens.
    pub tokens: Tokens,
    /// Hashes and verifies passwords.
    pub pool: Pool,
    /// What a new password must be.
    pub policy: Policy,
    /// Who may register.
    pub registration: Registration,
    /// The time.
    pub clock: Clock,
    /// The frontend's files.
    pub assets: Assets,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
}

impl State {
    /// Puts the parts together as `config` says.
    ///
    /// # Errors
    ///
    /// If the hashing threads can't be started.
    pub fn new(
        config: &Config,
        store: Arc<dyn Store>,
        key: SigningKey,
        clock: Clock,
        assets: Assets,
    ) -> anyhow::Result<Self> {
        let (issuer, audience) = (config.issuer.clone(), config.audience.clone());
        let tokens = Tokens::new(key, issuer, audience, config.access_ttl);
        let tokens = tokens.with_leeway(config.leeway);
        Ok(Self {
            store,
            tokens,
            pool: Pool::start(config.pbkdf2_iterations)?,
            policy: Policy { min_chars: config.password_min.into() },
            registration: config.registration,
            clock,
            assets,
            body_timeout: Duration::from_secs(15),
        })
    }
}
