//! Makes the parts of the use cases as the settings say.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::accounts::{Accounts, AuditKeeping};
use crate::audit::AuditLog;
use crate::clock::Clock;
use crate::config::{Config, Registration, Switch};
use crate::keys::KeyRing;
use crate::metrics::Metrics;
use crate::proof::Prover;
use crate::proof::factors::{Factors, RelyingParty};
use crate::proof::password::{Policy, Pool, Settings};
use crate::sessions::Sessions;
use crate::store::{Lifetimes, Store};
use crate::throttle::{Throttle, ThrottleSettings};
use crate::token::Tokens;
use crate::username::NameRules;

/// What the use cases work with. The hashing threads are started.
///
/// # Errors
///
/// If they can't be.
pub(crate) fn accounts(
    config: &Config,
    metrics: &Metrics,
    store: Arc<dyn Store>,
    keys: Arc<KeyRing>,
    clock: Clock,
) -> anyhow::Result<Accounts> {
    let (issuer, audience) = (config.issuer(), config.tokens.audience.clone());
    let tokens = Tokens::new(Arc::clone(&keys), issuer, audience, config.access_ttl);
    let lifetimes = Lifetimes { idle: config.refresh_ttl, absolute: config.session_max };
    let throttle = ThrottleSettings {
        enabled: config.throttle.login_throttle == Switch::On,
        nodes: config.throttle.nodes,
        shared: store.shared_failures(),
    };
    let relying_party = RelyingParty::at(config.public_origin())?;
    let audit_keeping =
        AuditKeeping { keep: config.audit.audit_keep, most: config.audit.audit_max_size };
    Ok(Accounts {
        restrictions: store.restrictions(),
        store,
        tokens: tokens.with_leeway(config.tokens.leeway).guarding(config.guard.origins()),
        sessions: Sessions::new(keys.shared_refresh_key(), lifetimes),
        prover: Prover {
            factors: Factors::new(Arc::clone(&keys), relying_party),
            pool: Pool::start(Settings {
                observer: Arc::new(metrics.hashing.clone()),
                ..Settings::new(config.passwords.pbkdf2_iterations)
            })?,
            policy: Policy { min_chars: config.passwords.password_min.into() },
        },
        keys,
        names: NameRules::new(&config.names.reserved()),
        throttle: Throttle::new(throttle, clock.clone(), metrics.throttled.clone()),
        opens_registration: config.registration == Registration::Open,
        factor_policy: config.require_second_factor.into(),
        fresh_for: config.fresh_for,
        audit: Arc::new(AuditLog::new(clock.clone(), audit_keeping.keeps_any())),
        audit_keeping,
        keeping: Mutex::default(),
        clock,
        tasks: TaskTracker::new(),
        logins: metrics.logins.clone(),
        refreshes: metrics.refreshes.clone(),
        second_factors: metrics.second_factors.clone(),
        factor_issuer: factor_issuer(config.public_origin()),
    })
}

/// The host under which people know the service.
fn factor_issuer(public_origin: Option<&str>) -> String {
    let host = public_origin.and_then(|url| Url::parse(url).ok()?.host_str().map(str::to_owned));
    host.unwrap_or_else(|| "Hallpass".to_owned())
}
