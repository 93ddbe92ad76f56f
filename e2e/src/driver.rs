use std::env;

use anyhow::Context as _;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::process::Process;

/// Keeps Chromium to the server under test: no start page, no updates, no services of its maker.
const QUIET: [&str; 8] = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Containers give /dev/shm too little for a browser.
    "--disable-dev-shm-usage",
    "--window-size=1024,900",
];

/// A browser and the `ChromeDriver` that steers it, both of one scenario alone.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) client: Client,
    _process: Process,
    _profile: TempDir,
}

impl Driver {
    /// Starts `chromedriver` on a free port and a browser with an empty profile.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let program = env::var_os("HALLPASS_E2E_CHROMEDRIVER");
        let mut command = Command::new(program.unwrap_or_else(|| "chromedriver".into()));
        command.arg("--port=0");
        let (process, port) =
            Process::start(command, "started successfully on port ").await.context(
                "no ChromeDriver; scripts/setup e2e installs it, or set HALLPASS_E2E_CHROMEDRIVER",
            )?;
        let profile = tempfile::Builder::new().prefix("hallpass-e2e-profile-").tempdir()?;
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(&profile))
            .connect(&format!("http://127.0.0.1:{}", port.trim_end_matches('.')))
            .await
            .context(
                "ChromeDriver could not start a browser; see HALLPASS_E2E_CHROME and HALLPASS_E2E_CHROME_ARGS in e2e/README.md",
            )?;
        Ok(Self { client, _process: process, _profile: profile })
    }
}

fn capabilities(profile: &TempDir) -> Capabilities {
    let mut args: Vec<String> = QUIET.map(str::to_owned).into();
    args.push(format!("--user-data-dir={}", profile.path().display()));
    if env::var_os("HALLPASS_E2E_HEADED").is_none() {
        args.push("--headless".to_owned());
    }
    // Chromium's sandbox does not work for root, which is who runs in most containers.
    if rustix::process::getuid().is_root() {
        args.push("--no-sandbox".to_owned());
    }
    let more = env::var("HALLPASS_E2E_CHROME_ARGS").unwrap_or_default();
    args.extend(more.split_whitespace().map(str::to_owned));
    let mut options = json!({ "args": args });
    if let Ok(binary) = env::var("HALLPASS_E2E_CHROME") {
        options["binary"] = Value::String(binary);
    }
    Capabilities::from_iter([
        ("browserName".to_owned(), json!("chrome")),
        ("goog:chromeOptions".to_owned(), options),
        ("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"})),
    ])
}
