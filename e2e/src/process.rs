//! Programs that a test starts: each says on a line of its output where it listens, and is gone
//! when its handle is, with all that it started itself.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::{Result, run};

/// Longer than any program of ours needs on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Children that nobody waits for, as in a container without an init, stay as zombies for ever.
const GROUP_TIMEOUT: Duration = Duration::from_millis(500);

/// A running program; dropping it kills it and its children.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Of the program and its children, until they have ended: its number may then become
    /// somebody else's.
    group: Option<Pid>,
}

impl Process {
    /// Starts the command, with its errors and the rest of its output going to the end of the file
    /// `log`, and returns with it what stands behind `marker` on the first line that has it.
    pub(crate) async fn start(
        mut command: Command,
        marker: &str,
        log: &Path,
    ) -> Result<(Self, String)> {
        let program = command.as_std().get_program().to_owned();
        let starting = start(&mut command, &program, marker, log);
        let started = timeout(START_TIMEOUT, starting).await;
        started.with_context(|| format!("{} did not start in time", program.display()))?
    }

    /// Asks the program to end, and waits until it has.
    pub(crate) async fn terminate(&mut self, patience: Duration) -> Result {
        if let Some(pid) = self.pid() {
            kill_process(pid, Signal::TERM)?;
        }
        timeout(patience, self.child.wait()).await.context("did not end in time")??;
        self.group = None;
        Ok(())
    }

    /// Ends the program and its children at once, as a power cut would, and waits until they have
    /// ended.
    pub(crate) async fn kill(&mut self) -> Result {
        self.kill_group();
        self.child.wait().await?;
        let deadline = Instant::now() + GROUP_TIMEOUT;
        while self.group_is_there() && Instant::now() < deadline {
            sleep(Duration::from_millis(5)).await;
        }
        self.group = None;
        Ok(())
    }

    /// A driver that is killed alone leaves its browser behind.
    fn kill_group(&self) {
        if let Some(group) = self.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn group_is_there(&self) -> bool {
        self.group.is_some_and(|group| test_kill_process_group(group).is_ok())
    }

    fn pid(&self) -> Option<Pid> {
        self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
    }
}

async fn start(
    command: &mut Command,
    program: &OsStr,
    marker: &str,
    log_file: &Path,
) -> Result<(Process, String)> {
    let name = program.display();
    let log = File::options().create(true).append(true).open(log_file)?;
    let (variable, folder) = run::mark();
    let child = command
        .env(variable, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log.try_clone()?)
        // Ctrl-C in a terminal goes to the whole group: the harness closes its programs itself.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("can't start {name}"))?;
    let mut process = Process { child, group: None };
    process.group = process.pid();
    let stdout = process.child.stdout.take().with_context(|| format!("{name} has no output"))?;
    let mut stdout = BufReader::new(stdout);
    let mut line = String::new();
    while stdout.read_line(&mut line).await? > 0 {
        if let Some((_, found)) = line.split_once(marker) {
            let found = found.trim().to_owned();
            tokio::spawn(keep(stdout, log));
            return Ok((process, found));
        }
        line.clear();
    }
    let status = process.child.wait().await?;
    bail!("{name} ended before it was ready: {status}\n{}", fs::read_to_string(log_file)?);
}

/// A program that nobody listens to any more may end over it, or wait.
async fn keep(mut stdout: BufReader<ChildStdout>, log: File) {
    let mut log = tokio::fs::File::from_std(log);
    let _ = tokio::io::copy(&mut stdout, &mut log).await;
}
