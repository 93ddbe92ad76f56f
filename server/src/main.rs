//! The `hallpass` command.

use std::io::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::FutureExt as _;
use hallpass::assets::Assets;
use hallpass::audit;
use hallpass::cli::{self, Command, ReaderGone, printable};
use hallpass::clock::Clock;
use hallpass::config::{Config, ConnectionArgs, RECOMMENDED_ITERATIONS, secret_from_environment};
use hallpass::control::ControlSocket;
use hallpass::core_dumps;
use hallpass::data_dir;
use hallpass::logging;
use hallpass::metrics::Metrics;
use hallpass::middleware::Service;
use hallpass::opening;
use hallpass::proxies;
use hallpass::reload::Reload;
use hallpass::routes::routes;
use hallpass::scrape;
use hallpass::serve::{Limits, bind, serve};
use hallpass::signals::Signals;
use hallpass::state::{App, State};
use hallpass::store::{DamagedFile, Panic, Retrying, count_panic};
use hallpass_contract::LISTENING_ON;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> ExitCode {
    let (command, given) = cli::parse();
    let outcome = protect(&command).and_then(|()| carry_out(command));
    outcome.unwrap_or_else(|error| {
        if error.is::<ReaderGone>() {
            return ExitCode::SUCCESS;
        }
        let message = printable(&given.renamed(&format!("{error:#}")));
        let _ = writeln!(std::io::stderr(), "hallpass: {message}");
        ExitCode::FAILURE
    })
}

/// Before there is any secret in memory.
fn protect(command: &Command) -> anyhow::Result<()> {
    let may_dump = match command {
        Command::Serve(config) => config.core_dumps.is_on(),
        _ => core_dumps::are_asked_for(),
    };
    if may_dump { Ok(()) } else { core_dumps::forbid() }
}

fn carry_out(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(config) => {
            // Dropped last: it writes out what was logged.
            let log = logging::start(&config);
            let outcome = runtime().and_then(|runtime| {
                if let Some(limit) = log.limit.clone() {
                    runtime.spawn(tell_now_and_then(limit));
                }
                runtime.block_on(run(&config))
            });
            log.limit.iter().for_each(logging::Limit::tell);
            outcome.map(|()| ExitCode::SUCCESS)
        }
        command => {
            start_warning();
            cli::warn_of_unknown_variables();
            keep_quiet_about_damage();
            cli::run(command)
        }
    }
}

/// What answers requests: a thread for each core. One alone need not wake or be robbed by others,
/// which a runtime of several costs it all the same.
fn runtime() -> anyhow::Result<Runtime> {
    let mut builder = match thread::available_parallelism() {
        Ok(NonZeroUsize::MIN) => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.enable_all().build().context("can't start the threads that answer requests")
}

async fn run(config: &Config) -> anyhow::Result<()> {
    // First, so that a signal during the start ends it in order, too.
    let signals = Signals::listen().context("can't listen to signals")?;
    config.interceptor.check(config.public_url.as_deref())?;
    warn_about(config);
    let settings = config.keys.settings(secret_from_environment()?, config.access_ttl)?;
    let clock = Clock::system();
    clock.check()?;
    let (dir, now) = (&config.data_dir, clock.now());
    data_dir::create(dir)?;
    if config.new {
        opening::set_aside(dir, now)?;
    }
    let metrics = Metrics::default();
    let opened = opening::for_server(dir, settings, metrics.store.clone(), now).await?;
    let (store, keys) = (Arc::new(Retrying(opened.0)), Arc::new(opened.1));
    let assets = Assets::embedded();
    if assets.index().is_none() {
        tracing::warn!("this binary holds no frontend; build it with scripts/serve");
    }
    let listen = &config.listen;
    let listener = bind(listen)
        .await
        .with_context(|| format!("can't listen on {listen}, as --listen says"))?;
    let address = listener.local_addr()?;
    let state = State::new(config, metrics, store, keys, clock, assets)?;
    let app = Arc::new(state.listening_on(address));
    tokio::spawn(signals.hangup.reload(Reload::default()));
    let delay = config.connections.shutdown_delay;
    let stopped = signals.stop.stop(app.shutdown.clone(), delay).shared();
    let stop = stopped.clone().map(|_| ()).shared();
    let limits = limits(&config.connections);
    let scrapes = scrapes(config, &app, limits, stop.clone()).await?;
    tokio::spawn(sweep_now_and_then(Arc::clone(&app)));
    let control = control(config, &app, stop.clone());
    warn_about_cookies(config, address);
    announce(address);
    let service = Service::new(routes(&app), Arc::clone(&app));
    serve(listener, service, limits, stop).await;
    // What goes on without its client has effects that the audit log must tell.
    app.accounts.tasks.close();
    let deadline = stopped.await + limits.drain;
    if tokio::time::timeout_at(deadline, app.accounts.tasks.wait()).await.is_err() {
        tracing::warn!("what was under way was cut off at the drain timeout");
    }
    scrapes.await.context("the metrics' task panicked")?;
    control.await.context("the control socket's task panicked")
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

/// Serves the command line. Without it the server is worth having all the same.
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

/// Expired sessions cost disk space and nothing else, so this is no hurry.
const SWEEP_PERIOD: Duration = Duration::from_secs(10 * 60);

async fn sweep_now_and_then(app: App) {
    let mut period = tokio::time::interval(SWEEP_PERIOD);
    loop {
        period.tick().await;
        app.sweep().await;
    }
}

/// Tells which log lines were left out.
async fn tell_now_and_then(limit: logging::Limit) {
    let mut period = tokio::time::interval(logging::PERIOD);
    loop {
        period.tick().await;
        limit.tell();
    }
}

/// For all but serving: warnings and errors, for whoever sits there. Nobody keeps an audit log.
fn start_warning() {
    let targets =
        Targets::new().with_target(audit::TARGET, LevelFilter::OFF).with_default(LevelFilter::WARN);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    tracing_subscriber::registry()
        .with(targets)
        .with(lines.without_time().with_target(false))
        .init();
}

/// A panic at a damaged page of the database ends as an error of one line.
fn keep_quiet_about_damage() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match count_panic() {
        Panic::Unrelated => tell(panic),
        Panic::BecomesAnError => {}
        Panic::EndsTheProcess => give_up(),
    }));
}

/// Ends the process with a message, before it is aborted without one.
fn give_up() -> ! {
    let _ = writeln!(std::io::stderr(), "hallpass: {DamagedFile}");
    std::process::exit(1)
}

fn warn_about(config: &Config) {
    cli::warn_of_unknown_variables();
    let iterations = config.passwords.pbkdf2_iterations.get();
    if iterations < RECOMMENDED_ITERATIONS {
        tracing::warn!(
            iterations,
            "new password hashes are cheaper to guess than OWASP asks for; \
             use --pbkdf2-iterations {RECOMMENDED_ITERATIONS} or more"
        );
    }
    for network in config.trusted_proxies().into_iter().filter(|it| proxies::is_everybody(*it)) {
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
fn warn_about_cookies(config: &Config, address: SocketAddr) {
    if !config.over_https() && !address.ip().is_loopback() {
        tracing::warn!(
            "browsers keep no refresh cookie over plain http from another machine, so people must \
             sign in again when the access token expires; put a proxy with https in front and say so \
             with --public-url https://..."
        );
    }
}

/// The first line on stdout, for scripts that took port 0.
fn announce(address: SocketAddr) {
    let mut stdout = std::io::stdout();
    // Nobody may be listening there, which is no reason not to serve.
    let _ = writeln!(stdout, "{LISTENING_ON}http://{address}").and_then(|()| stdout.flush());
    tracing::info!("listening on http://{address}");
}

/// Raises the limit of open files as far as allowed and stays below it.
fn affordable_connections(wanted: u32) -> usize {
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
