//! How a process is started, watched and ended.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail, ensure};
use hallpass_contract::LISTENING_ON;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, test_kill_process_group,
    waitid,
};

use crate::announcement::{Announced, Announcement};
use crate::group;
use crate::log::Log;

/// Longer than any program needs on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How long killed children may be there. As zombies they stay for ever if nobody waits for them,
/// as in a container without an init.
const GROUP_TIMEOUT: Duration = Duration::from_millis(500);

/// How long the last output of an ended process may take to arrive.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a look is apart from the next one.
pub(crate) const POLL: Duration = Duration::from_millis(5);

/// Waits until the condition holds, or the time is over.
fn until(patience: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !condition() && Instant::now() < deadline {
        thread::sleep(POLL);
    }
}

/// How a command is started, and how it ends.
#[derive(Debug)]
pub struct Launch {
    /// What is started.
    pub command: Command,
    /// What error messages call it. At first the path of the program.
    pub name: String,
    /// The file to whose end it logs. None: the log is kept in memory.
    pub log: Option<PathBuf>,
    /// How it says where it listens. At first as `hallpass serve` does.
    pub announcement: Announcement,
    /// How long it may take until it listens. At first 30 s.
    pub patience: Duration,
    /// Has a process group of its own: all that it starts ends with it, and Ctrl-C in a terminal
    /// does not reach it. At first so.
    pub own_group: bool,
    /// How long it may take to end in order when its handle is dropped. At first it is killed.
    pub grace: Duration,
}

impl Launch {
    /// Starts this command.
    pub fn new(command: Command) -> Self {
        let name = command.get_program().display().to_string();
        let (announcement, patience) = (Announcement::FirstLine(LISTENING_ON), START_TIMEOUT);
        let (log, grace) = (None, Duration::ZERO);
        Self { command, name, log, announcement, patience, own_group: true, grace }
    }

    /// Starts it, and waits for nothing.
    ///
    /// # Errors
    ///
    /// It can't be started, or its log can't be written.
    pub fn spawn(&mut self) -> anyhow::Result<Process> {
        let Self { command, name, .. } = self;
        let (log, began) = (Log::begin(self.log.as_deref()), Instant::now());
        let stderr = log.stderr().with_context(|| format!("can't write the log of {name}"))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let child = if self.own_group { group::spawn(command) } else { command.spawn() };
        let mut child = child.with_context(|| format!("can't start {name}"))?;
        let (stderr, copied) = (child.stderr.take(), log.clone());
        let reader = stderr.map(|stderr| thread::spawn(move || drop(copied.copy(stderr))));
        Ok(Process {
            name: name.clone(),
            id: Pid::from_child(&child),
            child,
            own_group: self.own_group,
            grace: self.grace,
            log,
            began,
            readers: reader.into_iter().collect(),
            status: None,
        })
    }
}

/// A running process. Dropping it ends it and all that it started.
#[derive(Debug)]
pub struct Process {
    pub(crate) name: String,
    child: Child,
    id: Pid,
    own_group: bool,
    grace: Duration,
    log: Log,
    pub(crate) began: Instant,
    readers: Vec<JoinHandle<()>>,
    /// How it ended. Until this is known, nobody else can have its number or that of its group.
    status: Option<ExitStatus>,
}

impl Process {
    /// Reads its output until it says where it listens, and then for the log.
    pub(crate) fn listen_to(
        &mut self,
        announcement: Announcement,
    ) -> anyhow::Result<Receiver<Announced>> {
        let (announced, reader) = announcement.await_in(self.stdout()?, self.log.clone());
        self.readers.push(reader);
        Ok(announced)
    }

    fn stdout(&mut self) -> anyhow::Result<ChildStdout> {
        self.child.stdout.take().with_context(|| format!("the output of {} is taken", self.name))
    }

    /// Its number, and that of its group if it has one of its own.
    pub fn id(&self) -> Pid {
        self.id
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// The end of its log, each line behind a line break; empty if there is none.
    pub fn last_words(&self) -> String {
        self.log.last_words()
    }

    /// Sends a signal to it alone.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        ensure!(self.status.is_none(), "{} has ended", self.name);
        kill_process(self.id, signal).with_context(|| format!("can't signal {}", self.name))
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() && self.has_ended(WaitIdOptions::NOHANG) {
            self.clear_away();
        }
        self.status
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// It does not end in time.
    pub fn wait(&mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        until(patience, || self.ended().is_some());
        let late = || format!("{} did not end within {} s", self.name, patience.as_secs_f32());
        self.status.with_context(late)
    }

    /// Asks it to end with SIGTERM, and waits until it has.
    ///
    /// # Errors
    ///
    /// It does not end in time. Then it is killed.
    pub fn terminate(&mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        if self.ended().is_none() {
            // It may have ended since. One that is stopped has to go on to see the signal.
            let _ = self.signal(Signal::TERM);
            let _ = self.signal(Signal::CONT);
        }
        self.wait(patience).inspect_err(|_| self.kill())
    }

    /// Ends it and all that it started at once, as a power cut would, and waits until they have
    /// ended.
    pub fn kill(&mut self) {
        if self.ended().is_none() {
            let _ = kill_process(self.id, Signal::KILL);
            self.clear_away();
        }
    }

    /// Reads all that it prints until it ends.
    ///
    /// # Errors
    ///
    /// It prints no text.
    pub fn finish(mut self) -> anyhow::Result<Finished> {
        let mut printed = String::new();
        let read = self.stdout()?.read_to_string(&mut printed);
        read.with_context(|| format!("{} printed no text", self.name))?;
        self.has_ended(WaitIdOptions::empty());
        let Some(status) = self.ended() else { bail!("can't wait for {}", self.name) };
        Ok(Finished { name: self.name.clone(), printed, status, last_words: self.last_words() })
    }

    /// The reason of an error that has to do with this process: its end, if it has ended.
    pub fn blame(&mut self, error: anyhow::Error) -> anyhow::Error {
        // A connection is reset a moment before its process can be waited for.
        thread::sleep(POLL);
        match self.ended() {
            Some(status) => anyhow!("{} ended ({status}){}", self.name, self.last_words()),
            None => error.context(self.name.clone()),
        }
    }

    fn has_ended(&self, options: WaitIdOptions) -> bool {
        let options = options | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.id), options).is_ok_and(|status| status.is_some())
    }

    /// Waits for a process that ends, and ends what it has started.
    fn clear_away(&mut self) {
        let group = self.own_group.then_some(self.id);
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
        self.status = self.child.wait().ok();
        if let Some(group) = group {
            group::forget(group);
            until(GROUP_TIMEOUT, || test_kill_process_group(group).is_err());
        }
        until(OUTPUT_TIMEOUT, || self.readers.iter().all(JoinHandle::is_finished));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.grace > Duration::ZERO {
            // It is killed if it takes longer.
            let _ = self.terminate(self.grace);
        }
        self.kill();
    }
}

/// What a process did.
#[derive(Debug)]
pub struct Finished {
    name: String,
    /// All that it printed.
    pub printed: String,
    /// How it ended.
    pub status: ExitStatus,
    /// The end of its log.
    pub last_words: String,
}

impl Finished {
    /// What it printed, if it succeeded.
    ///
    /// # Errors
    ///
    /// It failed; the error has the end of its log.
    pub fn printed(self) -> anyhow::Result<String> {
        let Self { name, printed, status, last_words } = self;
        ensure!(status.success(), "{name} failed ({status}){last_words}");
        Ok(printed)
    }
}
