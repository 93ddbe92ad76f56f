//! A server from its start to the end of its shutdown.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::backups::back_up_now_and_then;
use super::certificate::Source;
use super::listening::{announce, listen};
use super::prepared::Prepared;
use super::systemd::{self, PassedSockets};
use super::warnings::{affordable_connections, tell_of_registration, warn_about_cookies};
use crate::assets::Assets;
use crate::backup::Plan;
use crate::clock::Clock;
use crate::config::{Config, ConnectionArgs};
use crate::control::ControlSocket;
use crate::keys::{KeyRing, KeySettings, MasterKey};
use crate::metrics::Metrics;
use crate::middleware::Service;
use crate::routes::routes;
use crate::serve::{self, Limits, Listener};
use crate::signals::Signals;
use crate::state::{App, State};
use crate::store::{DatabaseUrl, NodeSettings, Retrying, Store};
use crate::tls;
use crate::{data_dir, opening, scrape};

/// How long the last audit records may take, even if the drain timeout is over.
const LAST_RECORDS: Duration = Duration::from_secs(1);

/// Serves until a signal ends it.
pub(super) async fn serve(config: &Config, sockets: PassedSockets) -> anyhow::Result<()> {
    // First, so that a signal during the start ends it in order, too.
    let signals = Signals::listen().context("can't listen to signals")?;
    let clock = Clock::system();
    let Prepared { backups, certificate, keys, database } = Prepared::of(config, &clock)?;
    let (dir, now) = (&config.data_dir, clock.now());
    data_dir::create(dir)?;
    if config.new {
        opening::set_aside(dir, now)?;
    }
    let metrics = Metrics::default();
    let (store, keys) = open(config, keys, database, &metrics, now).await?;
    let served = match State::new(config, metrics, Arc::clone(&store), keys, clock, assets()) {
        Ok(state) => run(config, sockets, certificate, signals, state, backups).await,
        Err(error) => Err(error),
    };
    if served.is_err() {
        // Other servers are not to wait for one that does not serve, as when its port is taken.
        store.leave().await;
    }
    served
}

/// Serves with all that was opened.
async fn run(
    config: &Config,
    sockets: PassedSockets,
    certificate: Source,
    signals: Signals,
    state: State,
    backups: Option<Plan>,
) -> anyhow::Result<()> {
    let acceptor = certificate.resolver().map(tls::acceptor).transpose()?;
    let listeners = listen(config, sockets, acceptor.as_ref()).await?;
    let addresses = listeners.iter().map(Listener::address).collect::<Result<Vec<_>, _>>()?;
    let app = Arc::new(state.listening_on(&addresses));
    tokio::spawn(certificate.keep(signals.hangup));
    let delay = config.connections.shutdown_delay;
    let stopped = signals.stop.stop(app.shutdown.clone(), delay).shared();
    let stop = stopped.clone().map(|_| ()).shared();
    let limits = limits(&config.connections);
    let scrapes = scrapes(config, &app, limits, stop.clone()).await?;
    tokio::spawn(sweep_now_and_then(Arc::clone(&app)));
    let accounts = Arc::clone(&app.accounts);
    tokio::spawn(async move { accounts.keep_audit_for_ever().await });
    tokio::spawn(back_up_now_and_then(Arc::clone(&app), backups));
    let control = control(config, &app, stop.clone());
    warn_about_cookies(config, &addresses);
    tell_of_registration(config, &app);
    announce(&listeners);
    systemd::ready();
    tokio::spawn(systemd::watch());
    let service = Service::new(routes(&app), Arc::clone(&app));
    let stop = async {
        stop.await;
        systemd::stopping();
    };
    serve::serve(listeners, service, limits, stop).await;
    let deadline = stopped.await + limits.drain;
    wait_for_use_cases(&app, deadline).await;
    let control = control.await.context("the control socket's task panicked");
    take_leave(&app, deadline).await;
    scrapes.await.context("the metrics' task panicked")?;
    control
}

/// Waits for the use cases, which go on without their client until the audit log has their record.
async fn wait_for_use_cases(app: &App, deadline: Instant) {
    app.accounts.tasks.close();
    if timeout_at(deadline, app.accounts.tasks.wait()).await.is_err() {
        tracing::warn!("what was under way was cut off at the drain timeout");
    }
}

/// Keeps the last audit records, for which there is always some time. Then takes leave of the other
/// servers.
async fn take_leave(app: &App, deadline: Instant) {
    let deadline = deadline.max(Instant::now() + LAST_RECORDS);
    match timeout_at(deadline, app.accounts.keep_audit(true)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!("can't keep the last audit records: {error:#}"),
        Err(_) => tracing::error!("the last audit records were not kept in time"),
    }
    app.accounts.leave().await;
}

fn assets() -> Assets {
    let assets = Assets::embedded();
    if assets.index().is_none() {
        tracing::warn!("this binary holds no frontend; build it with scripts/serve");
    }
    assets
}

/// Opens the store and the keys.
async fn open(
    config: &Config,
    settings: KeySettings,
    database: Option<(DatabaseUrl, MasterKey)>,
    metrics: &Metrics,
    now: Timestamp,
) -> anyhow::Result<(Arc<dyn Store>, Arc<KeyRing>)> {
    let (dir, metrics) = (&config.data_dir, metrics.store.clone());
    if let Some((url, master)) = database {
        let (lease, data_dir, direct) =
            (config.lease, dir.clone(), config.database_direct_url.clone());
        let node = NodeSettings { lease, data_dir, direct };
        let opening = opening::database::for_server(&url, master, node, settings, metrics, now);
        let (store, keys) = opening.await?;
        return Ok((Arc::new(Retrying(store)), keys));
    }
    let (store, keys) = opening::for_server(dir, settings, metrics, now).await?;
    Ok((Arc::new(store), Arc::new(keys)))
}

fn limits(config: &ConnectionArgs) -> Limits {
    let max_connections = affordable_connections(config.max_connections);
    let of_address = config.max_connections_per_address.map(|most| most as usize);
    Limits {
        max_connections,
        max_connections_per_address: of_address.unwrap_or((max_connections / 4).max(1)),
        drain: config.drain_timeout,
        ..Limits::default()
    }
}

/// Serves the metrics, if somebody wants them.
async fn scrapes(
    config: &Config,
    app: &App,
    limits: Limits,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<JoinHandle<()>> {
    let Some(address) = &config.metrics_listen else { return Ok(tokio::spawn(async {})) };
    let listener = scrape::bind(address).await?;
    Ok(tokio::spawn(scrape::serve(listener, Arc::clone(app), limits, stop)))
}

/// Serves the command line. If that fails, the server runs without it.
fn control(
    config: &Config,
    app: &App,
    stop: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
    match ControlSocket::bind(&config.data_dir) {
        Ok(socket) => tokio::spawn(socket.serve(
            Arc::clone(&app.accounts),
            config.connections.drain_timeout,
            stop,
        )),
        Err(error) => {
            let dir = config.data_dir.display();
            tracing::warn!(
                "no control socket in {dir}: {error}; `hallpass user` and the like work only while \
                 the server is stopped"
            );
            tokio::spawn(async {})
        }
    }
}

/// How often expired sessions are removed. They cost disk space and nothing else.
const SWEEP_PERIOD: Duration = Duration::from_secs(10 * 60);

async fn sweep_now_and_then(app: App) {
    let mut period = tokio::time::interval(SWEEP_PERIOD);
    loop {
        period.tick().await;
        app.sweep().await;
    }
}
