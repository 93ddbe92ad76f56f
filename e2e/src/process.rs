//! Programs that a scenario starts: each says on a line of its output where it listens, and is
//! gone when its handle is.

use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than any program of ours needs on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running program; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts the command, and returns with it what stands behind `marker` on the first line of
    /// its output that has it.
    pub(crate) async fn start(
        mut command: Command,
        marker: &str,
    ) -> anyhow::Result<(Self, String)> {
        let program = command.as_std().get_program().to_owned();
        let starting = start(&mut command, &program, marker);
        let started = timeout(START_TIMEOUT, starting).await;
        started.with_context(|| format!("{} did not start in time", program.display()))?
    }

    /// The program's process id.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the program has ended by itself.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<()> {
        self.child.wait().await?;
        Ok(())
    }
}

async fn start(
    command: &mut Command,
    program: &OsStr,
    marker: &str,
) -> anyhow::Result<(Process, String)> {
    let name = program.display();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("can't start {name}"))?;
    let stdout = child.stdout.take().with_context(|| format!("{name} has no output"))?;
    let mut stdout = BufReader::new(stdout);
    let mut line = String::new();
    while stdout.read_line(&mut line).await? > 0 {
        if let Some((_, found)) = line.split_once(marker) {
            let found = found.trim().to_owned();
            // A program that nobody listens to any more may end over it, or wait.
            tokio::spawn(async move { tokio::io::copy(&mut stdout, &mut tokio::io::sink()).await });
            return Ok((Process { child }, found));
        }
        line.clear();
    }
    bail!("{name} ended before it was ready: {}", child.wait().await?);
}
