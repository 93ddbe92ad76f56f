//! What the server listens on.

use std::io::Write as _;

use anyhow::Context as _;
use hallpass_contract::LISTENING_ON;
use tokio_rustls::TlsAcceptor;

use super::systemd::PassedSockets;
use crate::config::{Config, ListenOn};
use crate::serve::{Listener, bind, bind_unix};

/// Listens on the sockets that systemd has passed on, or else as `--listen` says.
pub(super) async fn listen(
    config: &Config,
    sockets: PassedSockets,
    tls: Option<&TlsAcceptor>,
) -> anyhow::Result<Vec<Listener>> {
    let mut listeners = sockets.listeners().context("can't use the sockets of systemd")?;
    if listeners.is_empty() {
        for on in config.listen_on() {
            let listener = match on {
                ListenOn::Tcp(address) => bind(address).await.map(Listener::from),
                ListenOn::Unix { path, mode } => bind_unix(path, *mode),
            };
            let failed = || format!("can't listen on {on}, as --listen says");
            listeners.push(listener.with_context(failed)?);
        }
    } else {
        let sockets = listeners.len();
        tracing::info!(sockets, "systemd has passed on sockets, so --listen has no effect");
    }
    Ok(listeners.into_iter().map(|listener| listener.with_tls(tls.cloned())).collect())
}

/// The first lines on stdout, for scripts that took port 0.
pub(super) fn announce(listeners: &[Listener]) {
    let mut stdout = std::io::stdout();
    for listener in listeners {
        // Nobody may be listening there, which is no reason not to serve.
        let _ = writeln!(stdout, "{LISTENING_ON}{listener}");
        tracing::info!("{LISTENING_ON}{listener}");
    }
    let _ = stdout.flush();
}
