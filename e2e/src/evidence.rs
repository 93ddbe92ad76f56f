//! What a failed test leaves: a folder with what helps to find out why it failed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::steps::Steps;
use crate::{Browser, Kind, Result};

/// The variable that names another folder for them.
const REPORTS: &str = "HALLPASS_E2E_REPORTS";

/// The folder for a run's reports and its evidence. Ours is emptied; one that somebody else names
/// may hold more than our files.
pub(crate) fn make_root() -> Result<PathBuf> {
    let root = match env::var_os(REPORTS) {
        Some(root) => root.into(),
        None => {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/e2e");
            let _ = fs::remove_dir_all(&root);
            root
        }
    };
    let made = fs::create_dir_all(&root).and_then(|()| root.canonicalize());
    made.with_context(|| format!("can't make {}", root.display()))
}

/// A place for the files of one failure. A file that can't be had is left out: evidence must not
/// hide the failure.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    dir: PathBuf,
}

impl Evidence {
    pub(crate) fn new(root: &Path, test: &str, kind: Kind, repeat: Option<u32>) -> Self {
        let repeat = repeat.map(|repeat| format!("-{repeat}")).unwrap_or_default();
        let dir = root.join(format!("{test}-{kind}{repeat}"));
        let _ = fs::remove_dir_all(&dir);
        let _ = fs::create_dir_all(&dir);
        Self { dir }
    }

    /// The files of a test's n-th browser: those after the first have folders of their own.
    pub(crate) fn of_browser(&self, n: usize) -> Self {
        if n == 1 {
            return self.clone();
        }
        let dir = self.dir.join(format!("browser-{n}"));
        let _ = fs::create_dir_all(&dir);
        Self { dir }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let _ = fs::write(self.dir.join(name), content);
    }

    /// A browser's page, address, console, and a picture of each of its tabs.
    pub(crate) async fn keep(&self, browser: &Browser, steps: &Steps) {
        let client = browser.client();
        if let Ok(png) = client.screenshot().await {
            self.write("screenshot.png", png);
        }
        if let Ok(html) = client.source().await {
            self.write("page.html", steps.redact(&html));
        }
        if let Ok(url) = client.current_url().await {
            self.write("url.txt", url.as_str());
        }
        if let Ok(lines) = browser.console().await {
            self.write("console.txt", steps.redact(&lines.join("\n")));
        }
        if let Ok(log) = fs::read(browser.log_file()) {
            self.write("driver.log", steps.redact(&String::from_utf8_lossy(&log)));
        }
        self.keep_other_tabs(browser).await;
    }

    async fn keep_other_tabs(&self, browser: &Browser) {
        let current = browser.window().await.ok();
        let windows = browser.windows().await.unwrap_or_default();
        let others = windows.iter().filter(|window| Some(*window) != current.as_ref());
        for (index, window) in others.enumerate() {
            if browser.switch_to(window).await.is_ok()
                && let Ok(png) = browser.client().screenshot().await
            {
                self.write(&format!("screenshot-tab-{}.png", index + 2), png);
            }
        }
    }
}
