use std::fs;
use std::path::{Path, PathBuf};

use crate::browser::Browser;
use crate::server::{LOG_FILE, Server};

/// Where failed scenarios leave what they saw, below the working tree's build directory.
const DIR: &str = "../target/e2e";

/// Where a scenario leaves its evidence when it fails.
pub fn evidence_dir(scenario: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(DIR).join(scenario)
}

/// Keeps a screenshot, the page's source, the console and the server's log of a failed scenario,
/// as far as they can still be had, and returns where.
pub(crate) async fn keep(scenario: &str, browser: &Browser, server: &Server) -> PathBuf {
    let dir = evidence_dir(scenario);
    let _ = fs::remove_dir_all(&dir);
    let _ = fs::create_dir_all(&dir);
    let client = browser.client();
    if let Ok(png) = client.screenshot().await {
        let _ = fs::write(dir.join("screenshot.png"), png);
    }
    if let Ok(html) = client.source().await {
        let _ = fs::write(dir.join("page.html"), html);
    }
    if let Ok(url) = client.current_url().await {
        let _ = fs::write(dir.join("url.txt"), url.as_str());
    }
    if let Ok(lines) = browser.console().await {
        let _ = fs::write(dir.join("console.txt"), lines.join("\n"));
    }
    if let Some(log) = server.log() {
        let _ = fs::copy(log, dir.join(LOG_FILE));
    }
    dir.canonicalize().unwrap_or(dir)
}
