//! A process that listens.

use std::net::SocketAddr;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};

use crate::announcement::Announced;
use crate::launch::Launch;
use crate::process::Process;
use crate::until::POLL;

/// How long a process that has closed its output may take to end.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// A process that has said where it listens. Dropping it kills it and all that it started.
#[derive(Debug)]
pub struct Server {
    launch: Launch,
    /// What runs.
    pub process: Process,
    url: String,
    start_up: Duration,
}

impl Server {
    /// Starts it and waits until it listens.
    ///
    /// # Errors
    ///
    /// It can't be started, ends, or does not listen in time; the error has the end of its log.
    pub fn start(launch: Launch) -> anyhow::Result<Self> {
        Self::start_unless(launch, || false)
    }

    /// The same, until `cancelled` says yes.
    ///
    /// # Errors
    ///
    /// As for [`start`](Self::start), or it was cancelled.
    pub fn start_unless(mut launch: Launch, cancelled: impl Fn() -> bool) -> anyhow::Result<Self> {
        let process = launch.spawn()?;
        Self::of(launch, process, cancelled)
    }

    /// Waits until a process that was just spawned listens.
    ///
    /// # Errors
    ///
    /// As for [`start_unless`](Self::start_unless).
    pub fn of(
        launch: Launch,
        mut process: Process,
        cancelled: impl Fn() -> bool,
    ) -> anyhow::Result<Self> {
        let (url, start_up) = wait_for_address(&launch, &mut process, &cancelled)?;
        Ok(Self { launch, process, url, start_up })
    }

    /// Kills it if it runs, and starts it again on the same address: with the same arguments and
    /// variables, and in the same directory, but as the user who runs this program.
    ///
    /// # Errors
    ///
    /// As for [`start_unless`](Self::start_unless).
    pub fn start_again(&mut self, cancelled: impl Fn() -> bool) -> anyhow::Result<()> {
        self.process.kill();
        self.launch.listen_on(&self.address()?.to_string());
        self.process = self.launch.spawn()?;
        (self.url, self.start_up) = wait_for_address(&self.launch, &mut self.process, &cancelled)?;
        Ok(())
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
        let address = self.url.strip_prefix("http://").unwrap_or(&self.url);
        address.parse().with_context(|| format!("{} listens on {}", self.process.name(), self.url))
    }

    /// From the start of the process to its announcement.
    pub fn start_up(&self) -> Duration {
        self.start_up
    }
}

fn wait_for_address(
    launch: &Launch,
    process: &mut Process,
    cancelled: &dyn Fn() -> bool,
) -> anyhow::Result<(String, Duration)> {
    let began = process.began();
    let found = address(launch, process, cancelled, began + launch.patience);
    let (url, at) = found.map_err(|error| {
        process.kill();
        anyhow!("{} did not start: {error}{}", process.name(), process.last_words())
    })?;
    Ok((url, at - began))
}

fn address(
    launch: &Launch,
    process: &mut Process,
    cancelled: &dyn Fn() -> bool,
    deadline: Instant,
) -> anyhow::Result<(String, Instant)> {
    let announced = process.listen_to(launch.announcement)?;
    loop {
        match announced.recv_timeout(POLL) {
            Ok(Announced::Address(url, at)) => return Ok((url, at)),
            Ok(Announced::Other(line)) => bail!("its first line is {line:?}, not its address"),
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
