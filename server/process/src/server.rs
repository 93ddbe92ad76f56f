//! A process that listens.

use std::net::SocketAddr;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};

use crate::process::{Launch, POLL, Process};

/// How long a process that has closed its output may take to end.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// A process that has said where it listens. It ends with its handle.
#[derive(Debug)]
pub struct Server {
    /// What runs.
    pub process: Process,
    url: String,
    /// From the start of the process to its announcement.
    pub start_up: Duration,
}

impl Server {
    /// Starts it and waits until it listens.
    ///
    /// # Errors
    ///
    /// It can't be started, ends, or does not listen in time; the error has the end of its log.
    pub fn start(mut launch: Launch) -> anyhow::Result<Self> {
        let process = launch.spawn()?;
        Self::of(&launch, process, || false)
    }

    /// Waits until a process that was just spawned listens, unless `cancelled` says yes before.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start), or it was cancelled.
    pub fn of(
        launch: &Launch,
        mut process: Process,
        cancelled: impl Fn() -> bool,
    ) -> anyhow::Result<Self> {
        let (url, at) = address(launch, &mut process, &cancelled).map_err(|error| {
            process.kill();
            anyhow!("{} did not start: {error}{}", process.name, process.last_words())
        })?;
        Ok(Self { url, start_up: at - process.began, process })
    }

    /// Where it listens, in its own words: for `hallpass serve` a URL without a path.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// It does not say it by an address and a port.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        let address = self.url.split_once("://").map_or(self.url.as_str(), |(_, address)| address);
        address.parse().with_context(|| format!("{} listens on {}", self.process.name, self.url))
    }
}

fn address(
    launch: &Launch,
    process: &mut Process,
    cancelled: &dyn Fn() -> bool,
) -> anyhow::Result<(String, Instant)> {
    let deadline = process.began + launch.patience;
    let announced = process.listen_to(launch.announcement)?;
    loop {
        match announced.recv_timeout(POLL) {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(line)) => bail!("its first line is {line:?}, not its address"),
            Err(RecvTimeoutError::Disconnected) => match process.wait(END_TIMEOUT) {
                Ok(status) => bail!("it ended ({status})"),
                Err(_) => bail!("it closed its output before it said where it listens"),
            },
            Err(RecvTimeoutError::Timeout) if cancelled() => bail!("interrupted"),
            Err(RecvTimeoutError::Timeout) if Instant::now() >= deadline => {
                bail!("it did not listen within {} s", launch.patience.as_secs_f32())
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
