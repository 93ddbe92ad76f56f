//! What the process does at which signal.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep};

use crate::shutdown::{Shutdown, Stage};

/// The signals that the process handles. From [`listen`](Self::listen) on none of them ends it by
/// itself, and one that comes early waits until somebody asks for it.
#[derive(Debug)]
pub(crate) struct Signals {
    /// What ends the process.
    pub stop: StopSignals,
    /// What makes it read files again.
    pub hangup: Hangup,
}

impl Signals {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub(crate) fn listen() -> io::Result<Self> {
        // A file that reaches the limit of its size (`ulimit -f`) is a failed write, no more: the
        // handler stays when this is dropped.
        drop(signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?);
        let stop = StopSignals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        };
        Ok(Self { stop, hangup: Hangup(signal(SignalKind::hangup())?) })
    }
}

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Waits for the first signal and announces the shutdown. Done when connections are to be
    /// closed: after `delay`, or at once if it was SIGINT, since a person is waiting then. Returns
    /// that moment. A second signal ends the process where it is.
    pub(crate) async fn stop(mut self, shutdown: Shutdown, delay: Duration) -> Instant {
        let (name, delay) = self.next(delay).await;
        shutdown.enter(Stage::Announced);
        if !delay.is_zero() {
            tracing::info!(
                ?delay,
                "{name}: /readyz says no, all else is served until the delay is over"
            );
        }
        tokio::spawn(async move {
            self.next(delay).await;
            std::process::exit(1);
        });
        sleep(delay).await;
        Instant::now()
    }

    async fn next(&mut self, delay: Duration) -> (&'static str, Duration) {
        tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", delay),
            _ = self.interrupt.recv() => ("SIGINT", Duration::ZERO),
        }
    }
}

/// SIGHUP.
#[derive(Debug)]
pub(crate) struct Hangup(Signal);

impl Hangup {
    /// Waits for the next signal. Without anybody who waits, SIGHUP does nothing.
    pub(crate) async fn next(&mut self) {
        // The signal's stream never ends.
        let _ = self.0.recv().await;
    }
}
