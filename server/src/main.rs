//! The `hallpass` command.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser as _;
use hallpass::assets::Assets;
use hallpass::clock::Clock;
use hallpass::config::{Cli, Config, LogFormat, RECOMMENDED_ITERATIONS};
use hallpass::data_dir;
use hallpass::keys::SigningKey;
use hallpass::routes::routes;
use hallpass::serve::{Limits, serve};
use hallpass::state::State;
use hallpass::store::RedbStore;
use hallpass_contract::LISTENING_ON;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The most log lines that wait to be written; more are dropped.
const LOG_LINES: usize = 10_000;

/// The database's name in the data directory.
const DATABASE_FILE: &str = "hallpass.redb";

fn main() -> ExitCode {
    let config = Cli::parse().into_config();
    // Dropped last: it writes out what was logged.
    let _log = start_logging(&config);
    match run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "hallpass: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(config: &Config) -> anyhow::Result<()> {
    // First, so that a signal during the start ends it in order, too.
    let stop = stop_signal()?;
    warn_about(config);
    data_dir::create(&config.data_dir)?;
    let store = RedbStore::open(&config.data_dir.join(DATABASE_FILE))?;
    // The store is locked by now, so nobody else is at work here.
    data_dir::remove_unfinished(&config.data_dir);
    let key = SigningKey::open(&config.data_dir)?;
    let assets = Assets::embedded();
    if assets.index().is_none() {
        tracing::warn!("this binary holds no frontend; build it with scripts/serve");
    }
    let app = Arc::new(State::new(config, Arc::new(store), key, Clock::system(), assets)?);
    let listener = TcpListener::bind(&config.listen)
        .await
        .with_context(|| format!("can't listen on {}", config.listen))?;
    announce(listener.local_addr()?);
    let limits = Limits {
        max_connections: affordable_connections(config.max_connections),
        drain: config.drain_timeout,
        ..Limits::default()
    };
    serve(listener, routes(&app), limits, stop).await;
    Ok(())
}

/// To stderr, since stdout's first line is the address. A thread of its own writes it: whoever does
/// not read our stderr costs us lines and not the reactor. Other crates speak up from warnings on:
/// what they would say below that is about bytes we must not log.
fn start_logging(config: &Config) -> WorkerGuard {
    let (writer, guard) =
        NonBlockingBuilder::default().buffered_lines_limit(LOG_LINES).finish(std::io::stderr());
    let targets = Targets::new()
        .with_target("hallpass", config.log_level)
        .with_default(config.log_level.min(LevelFilter::WARN));
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(colours);
    let registry = tracing_subscriber::registry().with(targets);
    match config.log_format {
        LogFormat::Text => registry.with(lines).init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).init(),
    }
    // A panic's message may quote what it stumbled over, such as a password.
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, thread = std::thread::current().name(), "panicked");
    }));
    guard
}

fn warn_about(config: &Config) {
    let iterations = config.pbkdf2_iterations.get();
    if iterations < RECOMMENDED_ITERATIONS {
        tracing::warn!(
            iterations,
            "new password hashes are cheaper to guess than OWASP asks for; \
             use --pbkdf2-iterations {RECOMMENDED_ITERATIONS} or more"
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
    /// Files that are open beside the connections.
    const OTHER_FILES: u64 = 64;
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

/// Done at the first SIGTERM or SIGINT; the second one ends the process where it is.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            std::process::exit(1);
        });
    })
}
