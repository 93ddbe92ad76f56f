//! The `hallpass` program: from its arguments to its exit code.

mod backups;
mod certificate;
mod listening;
mod prepared;
mod serving;
mod systemd;
mod warnings;

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::thread;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::prepared::{Faults, Prepared};
use self::serving::serve;
use self::systemd::PassedSockets;
use crate::cli::{self, Command, Given, ReaderGone, printable};
use crate::clock::Clock;
use crate::config::secret_from_environment;
use crate::store::{DamagedFile, Panic, count_panic};
use crate::{audit, core_dumps, logging};

/// Does what the command line asks for.
pub fn run() -> ExitCode {
    let (command, given) = cli::parse();
    let outcome = protect(&command).and_then(|()| carry_out(command, &given));
    outcome.unwrap_or_else(|error| {
        if error.is::<ReaderGone>() {
            return ExitCode::SUCCESS;
        }
        for message in messages(&error) {
            let message = printable(&given.explained(&message));
            let _ = writeln!(std::io::stderr(), "hallpass: {message}");
        }
        ExitCode::FAILURE
    })
}

/// Each for a line of its own.
fn messages(error: &anyhow::Error) -> Vec<String> {
    match error.downcast_ref::<Faults>() {
        Some(faults) => faults.messages().collect(),
        None => vec![format!("{error:#}")],
    }
}

/// Before there is any secret in memory.
fn protect(command: &Command) -> anyhow::Result<()> {
    let may_dump = match command {
        Command::Serve(config) => config.core_dumps.is_on(),
        _ => core_dumps::are_asked_for(),
    };
    if may_dump { Ok(()) } else { core_dumps::forbid() }
}

fn carry_out(command: Command, given: &Given) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(config) => {
            // First, before there are other threads.
            let sockets = PassedSockets::take()?;
            // Dropped last: it writes out what was logged.
            let log = logging::start(&config)?;
            let outcome = runtime().and_then(|runtime| {
                if let Some(limit) = log.limit.clone() {
                    runtime.spawn(tell_now_and_then(limit));
                }
                runtime.block_on(serve(&config, sockets))
            });
            log.limit.iter().for_each(logging::Limit::tell);
            outcome.map(|()| ExitCode::SUCCESS)
        }
        Command::Config(config) => {
            start_warning();
            let secret = secret_from_environment()?;
            std::io::stdout().write_all(given.as_file(secret.is_some()).as_bytes())?;
            Prepared::of(&config, &Clock::system())?;
            Ok(ExitCode::SUCCESS)
        }
        command => {
            start_warning();
            cli::warn_of_unknown_variables();
            keep_quiet_about_damage();
            cli::run(command)
        }
    }
}

/// The threads that answer requests: one for each core. On a single core, the runtime of one thread
/// saves the cost of waking others and of sharing work.
fn runtime() -> anyhow::Result<Runtime> {
    let mut builder = match thread::available_parallelism() {
        Ok(NonZeroUsize::MIN) => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder.enable_all().build().context("can't start the threads that answer requests")
}

/// Tells which log lines were left out.
async fn tell_now_and_then(limit: logging::Limit) {
    let mut period = tokio::time::interval(logging::PERIOD);
    loop {
        period.tick().await;
        limit.tell();
    }
}

/// The log of all commands but `serve`: warnings and errors on standard error. There is no audit
/// log.
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
