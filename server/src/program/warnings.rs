//! What the person who starts the server should know.

use std::net::SocketAddr;

use crate::cli;
use crate::client::is_everybody;
use crate::config::{Config, RECOMMENDED_ITERATIONS, Registration};
use crate::state::App;

pub(super) fn warn_about(config: &Config) {
    cli::warn_of_unknown_variables();
    let iterations = config.passwords.pbkdf2_iterations.get();
    if iterations < RECOMMENDED_ITERATIONS {
        tracing::warn!(
            iterations,
            "new password hashes are cheaper to guess than OWASP asks for; \
             use --pbkdf2-iterations {RECOMMENDED_ITERATIONS} or more"
        );
    }
    if let Some(issuer) = config.undiscoverable_issuer() {
        tracing::warn!(
            "programs that look for the server by --issuer {issuer} do not find it, since that is \
             not at --public-url; give the same origin to both"
        );
    }
    for network in config.trusted_proxies().into_iter().filter(|it| is_everybody(*it)) {
        tracing::warn!(
            "--trusted-proxy {network} trusts strangers: any of them can choose the address that \
             they are throttled and logged by; name your proxies' own networks"
        );
    }
    for origin in config.interceptor.unencrypted() {
        tracing::warn!(
            "the access token goes to {origin} in clear, for everyone on the way to read; give an \
             https origin to --token-origin"
        );
    }
}

/// Browsers keep a `Secure` cookie over https, and on loopback.
pub(super) fn warn_about_cookies(config: &Config, addresses: &[Option<SocketAddr>]) {
    let is_loopback =
        |address: &Option<SocketAddr>| address.is_some_and(|it| it.ip().is_loopback());
    if !config.over_https() && !addresses.iter().all(is_loopback) {
        tracing::warn!(
            "browsers keep no refresh cookie over plain http from another machine, so people must \
             sign in again when the access token expires; give a certificate with --tls-cert or --acme-domain, or put \
             a proxy with https in front and say so with --public-url https://..."
        );
    }
}

/// Somebody may have said otherwise than the setting, while servers ran.
pub(super) fn tell_of_registration(config: &Config, app: &App) {
    let is_open = app.accounts.registration_is_open();
    if is_open != (config.registration == Registration::Open) {
        let state = if is_open { "open" } else { "closed" };
        tracing::warn!(
            "registration is {state}, whatever --registration says, since somebody has said so; \
             `hallpass registration` changes it"
        );
    }
}

/// Raises the limit of open files as far as allowed and stays below it.
pub(super) fn affordable_connections(wanted: u32) -> usize {
    /// Files that are open beside the connections, those included that are being refused.
    const OTHER_FILES: u64 = 128;
    let wanted = u64::from(wanted);
    let mut limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted + OTHER_FILES) {
        let raised =
            limit.maximum.map_or(wanted + OTHER_FILES, |max| max.min(wanted + OTHER_FILES));
        let new = rustix::process::Rlimit { current: Some(raised), ..limit };
        if rustix::process::setrlimit(rustix::process::Resource::Nofile, new).is_ok() {
            limit.current = Some(raised);
        }
    }
    let affordable = limit
        .current
        .map_or(wanted, |current| wanted.min(current.saturating_sub(OTHER_FILES)).max(1));
    if affordable < wanted {
        tracing::warn!(affordable, wanted, "too few open files allowed; raise `ulimit -n`");
    }
    usize::try_from(affordable).unwrap_or(usize::MAX)
}
