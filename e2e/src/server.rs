use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use hallpass_contract::LISTENING_ON;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;
use url::Url;

use crate::process::Process;

/// The server's log in the scenario's evidence.
pub(crate) const LOG_FILE: &str = "server.log";

/// What a server may take to stop in order before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// The server under test: one of the scenario's own, or a deployment that is there already.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: String,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    process: Process,
    dir: TempDir,
}

impl Server {
    /// The deployment that `HALLPASS_E2E_URL` names, or else a new server on a free port with an
    /// empty data directory.
    pub(crate) async fn obtain(args: &[&str]) -> anyhow::Result<Self> {
        match env::var("HALLPASS_E2E_URL") {
            Ok(url) => {
                // As the browser writes it: no default port, the host in lower case.
                let url = Url::parse(&url).context("HALLPASS_E2E_URL is not a URL")?;
                Ok(Self { url: url.as_str().trim_end_matches('/').to_owned(), own: None })
            }
            Err(_) => Self::start(args).await,
        }
    }

    async fn start(args: &[&str]) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("hallpass-e2e-").tempdir()?;
        let mut command = Command::new(binary()?);
        // The scenario's settings, not those of whoever runs it.
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"HALLPASS_") {
                command.env_remove(name);
            }
        }
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--log-level", "debug", "--data-dir"])
            .arg(dir.path().join("data"))
            .args(args)
            .stderr(File::create(dir.path().join(LOG_FILE))?);
        let (process, url) = Process::start(command, LISTENING_ON).await?;
        Ok(Self { url, own: Some(Own { process, dir }) })
    }

    /// The log, if the server is the scenario's own.
    pub(crate) fn log(&self) -> Option<PathBuf> {
        self.own.as_ref().map(|own| own.dir.path().join(LOG_FILE))
    }

    /// Ends the scenario's own server; a deployment goes on.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let Some(mut own) = self.own else { return Ok(()) };
        let pid = own.process.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM)?;
        }
        timeout(STOP_TIMEOUT, own.process.ended()).await.context("the server did not stop")?
    }
}

fn binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = env::var_os("HALLPASS_E2E_SERVER") {
        return Ok(path.into());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/hallpass");
    path.canonicalize().with_context(|| {
        format!("{} is not there; run scripts/e2e, or set HALLPASS_E2E_SERVER", path.display())
    })
}
