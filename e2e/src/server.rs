use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use hallpass_contract::LISTENING_ON;
use hallpass_process::command::{ANY_PORT, hallpass};
use hallpass_process::{Announcement, Server as Process};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

use crate::process::{on_a_thread, start};
use crate::{Result, run};

/// What a server may take to stop in order before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// The suite is about what the password opens, not about how hard it is to guess.
const FEW_ITERATIONS: &str = "1000";

/// The variable that names the program under test.
const PROGRAM: &str = "HALLPASS_E2E_SERVER";

/// A server of a test's own, with a data directory that outlives its restarts.
#[derive(Debug)]
pub(crate) struct Server {
    dir: TempDir,
    args: Mutex<Vec<String>>,
    public_url: Option<String>,
    process: tokio::sync::Mutex<Option<Process>>,
}

impl Server {
    /// A server that is not started yet, with an empty data directory. It keeps its public URL
    /// whatever other arguments it gets.
    pub(crate) fn new(args: &[&str], public_url: Option<&str>) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("server-").tempdir()?;
        let args = Mutex::new(owned(args));
        let public_url = public_url.map(str::to_owned);
        Ok(Self { dir, args, public_url, process: tokio::sync::Mutex::default() })
    }

    /// Starts it on a free port, unless it runs.
    pub(crate) async fn start(&self) -> Result<SocketAddr> {
        let mut process = self.process.lock().await;
        ensure!(process.is_none(), "the server runs already");
        let mut command = self.command(&["serve", "--listen", ANY_PORT])?;
        command.args(["--log-level", "debug", "--pbkdf2-iterations", FEW_ITERATIONS]);
        command.args(self.public_url.iter().flat_map(|url| ["--public-url", url]));
        command.args(&*self.args.lock().expect("no panic while it is held"));
        let announcement = Announcement::FirstLine(LISTENING_ON);
        process.insert(start(command, announcement, &self.log_file()).await?).address()
    }

    /// Other arguments, from the next start on.
    pub(crate) fn set_args(&self, args: &[&str]) {
        *self.args.lock().expect("no panic while it is held") = owned(args);
    }

    /// Stops it in order.
    pub(crate) async fn stop(&self) -> Result {
        let Some(mut process) = self.process.lock().await.take() else { return Ok(()) };
        on_a_thread(move || process.process.terminate(STOP_TIMEOUT)).await??;
        Ok(())
    }

    /// Stops it as a crash would.
    pub(crate) async fn kill(&self) -> Result {
        let Some(mut process) = self.process.lock().await.take() else { return Ok(()) };
        on_a_thread(move || process.process.kill()).await
    }

    /// Runs another command of `hallpass` on the server's data directory, and returns its output.
    pub(crate) async fn hallpass(&self, args: &[&str], input: &str) -> Result<String> {
        let mut command = tokio::process::Command::from(self.command(args)?);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().context("can't start hallpass")?;
        let mut stdin = child.stdin.take().context("it has an input")?;
        stdin.write_all(input.as_bytes()).await?;
        drop(stdin);
        let output = child.wait_with_output().await?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "hallpass {}: {}", args.join(" "), errors.trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What the server wrote so far, of all its lives.
    pub(crate) fn log(&self) -> String {
        let log = fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    fn log_file(&self) -> PathBuf {
        self.dir.path().join("server.log")
    }

    /// With the test's settings, not those of whoever runs it.
    fn command(&self, args: &[&str]) -> Result<Command> {
        let mut command = hallpass(&binary()?);
        let (variable, folder) = run::mark();
        command.env(variable, folder);
        command.args(args).arg("--data-dir").arg(self.dir.path().join("data"));
        Ok(command)
    }
}

fn owned(args: &[&str]) -> Vec<String> {
    args.iter().copied().map(str::to_owned).collect()
}

/// Fails if the program that the variable names can't be run.
pub(crate) fn check_given() -> Result {
    let Some(path) = env::var_os(PROGRAM) else { return Ok(()) };
    let ran = Command::new(&path).arg("--version").output();
    let ran =
        ran.with_context(|| format!("can't run {}, which {PROGRAM} names", path.display()))?;
    ensure!(ran.status.success(), "{}, which {PROGRAM} names, is no hallpass", path.display());
    Ok(())
}

/// The program under test.
pub(crate) fn binary() -> Result<PathBuf> {
    if let Some(path) = env::var_os(PROGRAM) {
        return Ok(path.into());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/hallpass");
    path.canonicalize().with_context(|| {
        format!("{} is not there; run scripts/e2e, or set {PROGRAM}", path.display())
    })
}
