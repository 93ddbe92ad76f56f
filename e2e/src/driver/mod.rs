//! Browser sessions: a driver and a browser with an empty profile, both of one test alone.

mod chromium;
mod firefox;

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::ValueEnum;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::Result;
use crate::process::Process;

/// A browser may take so long to close before it is killed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// A browser of those that the suite knows.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, ValueEnum)]
pub enum Kind {
    /// Chromium or Chrome, by way of `ChromeDriver`
    Chromium,
    /// Firefox, by way of `geckodriver`
    Firefox,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
        })
    }
}

/// What the browser says that its user prefers; by default nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Media {
    /// A dark colour scheme.
    pub dark: bool,
    /// Less motion.
    pub reduced_motion: bool,
}

/// A driver's process and the browser's session; dropping it ends both.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) kind: Kind,
    _process: Process,
    dir: TempDir,
}

impl Session {
    /// Starts the driver on a free port, and the browser.
    pub(crate) async fn open(kind: Kind, headed: bool, media: Media) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("hallpass-e2e-browser-").tempdir()?;
        let (command, marker) = match kind {
            Kind::Chromium => (chromium::driver(), chromium::READY),
            Kind::Firefox => (firefox::driver(dir.path()), firefox::READY),
        };
        let (process, port) = Process::start(command, marker, &log_file(&dir))
            .await
            .with_context(|| format!("no driver for {kind}; scripts/setup e2e installs it"))?;
        let capabilities = match kind {
            Kind::Chromium => chromium::capabilities(dir.path(), headed, media),
            Kind::Firefox => firefox::capabilities(headed, media)?,
        };
        let port = port.trim_end_matches('.');
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(with_timeouts(capabilities))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .with_context(|| format!("the driver could not start {kind}; e2e/README.md has the variables that name another one"))?;
        Ok(Self { client, kind, _process: process, dir })
    }

    /// Closes the browser; should it not answer, it is killed.
    pub(crate) async fn close(self) -> Result {
        timeout(CLOSE_TIMEOUT, self.client.clone().close())
            .await
            .context("the browser did not close in time")?
            .context("the browser did not close")
    }

    /// What the driver and the browser wrote.
    pub(crate) fn log_file(&self) -> PathBuf {
        log_file(&self.dir)
    }
}

fn log_file(dir: &TempDir) -> PathBuf {
    dir.path().join("driver.log")
}

/// So that a step that hangs fails by itself, and says which one it is.
fn with_timeouts(mut capabilities: Capabilities) -> Capabilities {
    capabilities.insert("timeouts".to_owned(), json!({"script": 30_000, "pageLoad": 60_000}));
    capabilities
}

/// A program that a variable names, or else the first of these that is in PATH.
fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(path) = env::var_os(variable) {
        return Some(path.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let in_path =
        |name: &&str| env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file());
    names.iter().find_map(in_path)
}

fn command(variable: &str, name: &str) -> Command {
    Command::new(program(variable, &[name]).as_deref().unwrap_or(Path::new(OsStr::new(name))))
}

/// More of a browser's arguments, split at spaces.
fn more_args(variable: &str) -> Vec<String> {
    let more = env::var(variable).unwrap_or_default();
    more.split_whitespace().map(str::to_owned).collect()
}
