//! How a process is started.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hallpass_contract::LISTENING_ON;

use crate::announcement::Announcement;
use crate::command::listening_on;
use crate::group;
use crate::log::Log;
use crate::process::{Ending, Process};

/// Longer than any program needs on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A command, and how to start and watch it.
#[derive(Debug)]
pub struct Launch {
    command: Command,
    name: String,
    log: Log,
    ending: Ending,
    pub(crate) announcement: Announcement,
    pub(crate) patience: Duration,
}

impl Launch {
    /// Of a program that announces itself as `hallpass serve` does. Its log is kept in memory.
    pub fn new(command: Command) -> Self {
        let name = command.get_program().display().to_string();
        let (log, announcement) = (Log::in_memory(), Announcement::FirstLine(LISTENING_ON));
        let ending = Ending { own_group: true, grace: Duration::ZERO };
        Self { command, name, log, ending, announcement, patience: START_TIMEOUT }
    }

    /// What error messages call it. By default they say the path of the program.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// Appends its log to this file.
    #[must_use]
    pub fn log_to(self, file: &Path) -> Self {
        Self { log: Log::file(file), ..self }
    }

    /// Leaves its errors to whom the command names, and keeps no log.
    #[must_use]
    pub fn without_log(self) -> Self {
        Self { log: Log::elsewhere(), ..self }
    }

    /// Leaves it in the caller's process group, so that Ctrl-C in a terminal ends it, too. What it
    /// starts outlives it.
    #[must_use]
    pub fn in_callers_group(mut self) -> Self {
        self.ending.own_group = false;
        self
    }

    /// Ends it with SIGTERM when its handle is dropped, and kills it only if it takes longer.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.ending.grace = grace;
        self
    }

    /// Where its address stands.
    #[must_use]
    pub fn announced_by(self, announcement: Announcement) -> Self {
        Self { announcement, ..self }
    }

    /// How long it may take until it listens. By default 30 s.
    #[must_use]
    pub fn within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Starts it, and waits for nothing.
    ///
    /// # Errors
    ///
    /// It can't be started, or its log can't be written.
    pub fn spawn(&mut self) -> anyhow::Result<Process> {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped());
        if let Some(stderr) = self.log.stderr()? {
            self.command.stderr(stderr);
        }
        let (log, began) = (self.log.of_next_process(), Instant::now());
        let child = match self.ending.own_group {
            true => group::spawn(&mut self.command),
            false => self.command.spawn(),
        };
        let child = child.with_context(|| format!("can't start {}", self.name))?;
        Ok(Process::new(&self.name, child, self.ending, log, began))
    }

    /// From now on it listens on this address.
    pub(crate) fn listen_on(&mut self, address: &str) {
        self.command = listening_on(address, &self.command);
    }
}
