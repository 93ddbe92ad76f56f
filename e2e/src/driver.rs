//! Browser sessions: a driver and a browser with an empty profile, both of one test alone.

mod cache;
mod chromium;
mod firefox;
mod kind;
mod program;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hallpass_process::{Announcement, Server};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use crate::Result;
use crate::process::{on_a_thread, start};
use cache::Cache;
pub use kind::{Kind, Media, PLAIN_HOST};

const LOG_FILE: &str = "driver.log";
const PROFILE: &str = "profile";
const VARIABLES: &str = "e2e/README.md has the variables that name another one";

/// Starts browsers.
#[derive(Debug)]
pub(crate) struct Launcher {
    headed: bool,
    firefox_cache: Option<Cache>,
}

impl Launcher {
    /// Prepares for sessions of these browsers, and fails if one can't be started here at all.
    pub(crate) async fn new(headed: bool, kinds: &[Kind]) -> Result<Self> {
        let mut launcher = Self { headed, firefox_cache: None };
        if kinds.contains(&Kind::Chromium) {
            launcher.open(Kind::Chromium, Media::default()).await?.close().await?;
        }
        if kinds.contains(&Kind::Firefox) {
            launcher.firefox_cache = Some(launcher.fill_cache().await?);
        }
        Ok(launcher)
    }

    /// Starts Firefox once, for the scripts that it compiles.
    async fn fill_cache(&self) -> Result<Cache> {
        let session = self.open(Kind::Firefox, Media::default()).await?;
        // Firefox writes them when it closes in order.
        session.client.clone().close().await?;
        Cache::of(&session.dir.path().join(PROFILE))
    }

    /// Starts a driver on a free port, and a browser with an empty profile.
    pub(crate) async fn open(&self, kind: Kind, media: Media) -> Result<Session> {
        // A short name: the browser puts a socket below it, whose path may have 107 bytes.
        let dir = tempfile::Builder::new().prefix("b-").tempdir()?;
        let profile = dir.path().join(PROFILE);
        fs::create_dir(&profile)?;
        if let (Kind::Firefox, Some(cache)) = (kind, &self.firefox_cache) {
            cache.fill(&profile)?;
        }
        let driver = start_driver(kind, dir.path(), media.zone)
            .await
            .with_context(|| format!("no driver for {kind}; scripts/setup e2e installs it"))?;
        let capabilities = match kind {
            Kind::Chromium => chromium::capabilities(&profile, self.headed, media),
            Kind::Firefox => firefox::capabilities(&profile, self.headed, media)?,
        };
        let client = connect(driver.url().trim_end_matches('.'), capabilities)
            .await
            .with_context(|| format!("the driver could not start {kind}; {VARIABLES}"))?;
        Ok(Session { client, kind, driver, dir })
    }
}

/// Starts the driver on a free port. `ChromeDriver` takes one that is free on IPv6, and fails if
/// the same port of IPv4 is not, so the next one is tried.
async fn start_driver(kind: Kind, dir: &Path, zone: Option<&str>) -> Result<Server> {
    let mut attempts = 1..=5;
    loop {
        let (mut command, marker) = match kind {
            Kind::Chromium => (chromium::driver(), chromium::READY),
            Kind::Firefox => (firefox::driver(), firefox::READY),
        };
        // Whatever they leave behind goes with the session.
        command.env("TMPDIR", dir);
        command.envs(zone.map(|zone| ("TZ", zone)));
        match start(command, Announcement::AnyLine(marker), &dir.join(LOG_FILE)).await {
            Err(error) if in_use(&error) && attempts.next().is_some() => {}
            started => return started,
        }
    }
}

fn in_use(error: &anyhow::Error) -> bool {
    format!("{error:#}").contains("Address already in use")
}

async fn connect(port: &str, mut capabilities: Capabilities) -> Result<Client> {
    // So that a step that hangs fails by itself, and says which one it is.
    let timeouts = json!({"script": 30_000, "pageLoad": 60_000});
    capabilities.insert("timeouts".to_owned(), timeouts);
    let mut builder = ClientBuilder::new(HttpConnector::new());
    Ok(builder.capabilities(capabilities).connect(&format!("http://127.0.0.1:{port}")).await?)
}

/// A driver's process and the browser's session; dropping it ends both.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) kind: Kind,
    driver: Server,
    dir: TempDir,
}

impl Session {
    /// Ends the browser and its driver. Nothing of them is needed any more, so nothing is asked of
    /// them, which takes a tenth of the time and works with a browser that hangs, too.
    pub(crate) async fn close(self) -> Result {
        let Self { mut driver, dir, .. } = self;
        on_a_thread(move || driver.process.kill()).await?;
        dir.close().context("the browser goes on writing to its profile")
    }

    /// What the driver and the browser wrote.
    pub(crate) fn log_file(&self) -> PathBuf {
        self.dir.path().join(LOG_FILE)
    }
}
