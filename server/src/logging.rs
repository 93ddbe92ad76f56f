//! What the server writes to stderr: the log and the audit log.

use std::io::{IsTerminal as _, Write as _};

use tracing::Subscriber;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt};

use crate::audit;
use crate::config::{Config, LogFormat};
use crate::store::{DamagedFile, Panic, count_panic};
use crate::traces::{self, Traces};

mod limit;

pub(crate) use limit::{Limit, PERIOD};

/// The most log lines that wait to be written. Any more are dropped.
const LOG_LINES: usize = 10_000;

/// The most audit records that wait to be written. Any more are dropped.
const AUDIT_LINES: usize = 100_000;

/// Writes what is still waiting when it is dropped.
#[derive(Debug)]
#[must_use = "what waits is lost without it"]
pub(crate) struct Guard {
    /// The limit on log lines. None if each request is to be logged.
    pub limit: Option<Limit>,
    // Before the log: it may have something to say at its end.
    _traces: Option<Traces>,
    _log: WorkerGuard,
    _audit: WorkerGuard,
}

/// Starts logging to stderr; stdout is for the address. Separate threads write it: if nobody reads
/// our stderr, we lose lines, but requests go on. The audit log has its own queue, so that a flood
/// of other lines displaces none of it. Other crates log warnings and errors only: below that, they
/// would log bytes that must stay secret.
///
/// # Errors
///
/// If traces are asked for and can't be sent.
pub(crate) fn start(config: &Config) -> anyhow::Result<Guard> {
    let traces = traces::start()?;
    let writer =
        |lines| NonBlockingBuilder::default().buffered_lines_limit(lines).finish(std::io::stderr());
    let ((log, log_guard), (audit, audit_guard)) = (writer(LOG_LINES), writer(AUDIT_LINES));
    let logged = Targets::new()
        .with_target("hallpass", config.log_level)
        .with_target(audit::TARGET, LevelFilter::OFF)
        // It calls each wrong answer to a challenge an error. The audit log has them.
        .with_target("webauthn_rs_core", LevelFilter::OFF)
        .with_default(config.log_level.min(LevelFilter::WARN));
    // The audit log does not depend on the log level.
    let level = if config.audit.audit_log.is_on() { LevelFilter::INFO } else { LevelFilter::OFF };
    // Includes the request's span, the only span of this level there.
    let audited = Targets::new()
        .with_target(audit::TARGET, level)
        .with_target("hallpass::middleware", LevelFilter::ERROR);
    // An operator who asks for each request gets all of them.
    let limit = (config.log_level < LevelFilter::DEBUG).then(Limit::default);
    let log = lines(config.log_format, log);
    let mut layers = vec![
        match limit.clone() {
            Some(limit) => log.with_filter(logged.and(limit)).boxed(),
            None => log.with_filter(logged).boxed(),
        },
        lines(config.log_format, audit).with_filter(audited).boxed(),
    ];
    layers.extend(traces.as_ref().map(|traces| traces::layer(traces).boxed()));
    tracing_subscriber::registry().with(layers).init();
    // A panic's message is not logged, since it may quote secrets such as a password.
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, thread = std::thread::current().name(), "panicked");
        if count_panic() == Panic::EndsTheProcess {
            // The logging thread may not get to write this, so it is written directly.
            let _ = writeln!(std::io::stderr(), "{DamagedFile}");
        }
    }));
    Ok(Guard { limit, _traces: traces, _log: log_guard, _audit: audit_guard })
}

fn lines<S>(format: LogFormat, writer: NonBlocking) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colours = std::io::stderr().is_terminal() && !no_colour;
    let lines = fmt::layer().with_writer(writer).with_ansi(colours);
    match format {
        LogFormat::Text => lines.boxed(),
        // The request's span is the only one, so a list of spans would repeat it.
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    }
}
