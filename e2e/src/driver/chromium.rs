use std::path::Path;
use std::process::Command;

use fantoccini::wd::Capabilities;
use serde_json::json;

use super::kind::{Media, PLAIN_HOST};
use super::program::{command, more_args, program};

/// What stands before the port that `ChromeDriver` listens on.
pub(super) const READY: &str = "started successfully on port ";

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

pub(super) fn driver() -> Command {
    let mut command = command("HALLPASS_E2E_CHROMEDRIVER", "chromedriver");
    command.arg("--port=0");
    command
}

pub(super) fn capabilities(profile: &Path, headed: bool, media: Media) -> Capabilities {
    let mut args: Vec<String> = QUIET.map(str::to_owned).into();
    args.push(format!("--user-data-dir={}", profile.display()));
    if !headed {
        args.push("--headless".to_owned());
    }
    // Chromium's sandbox does not work for root, which is who runs in most containers.
    if rustix::process::getuid().is_root() {
        args.push("--no-sandbox".to_owned());
    }
    if media.reduced_motion {
        args.push("--force-prefers-reduced-motion".to_owned());
    }
    args.push(format!("--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1"));
    let scheme = if media.dark { 0 } else { 1 };
    args.push(format!("--blink-settings=preferredColorScheme={scheme}"));
    args.extend(more_args("HALLPASS_E2E_CHROME_ARGS"));
    // The page for new tabs asks its maker's servers, and holds up the first visit meanwhile.
    let mut prefs = json!({"session": {"restore_on_startup": 4, "startup_urls": ["about:blank"]}});
    if let Some(pixels) = media.font_size {
        prefs["webkit"] = json!({"webprefs": {"default_font_size": pixels}});
    }
    if media.storage_blocked {
        // 2 is "block", as in Chromium's settings for all sites; it concerns all storage.
        prefs["profile"] = json!({"default_content_setting_values": {"cookies": 2}});
    }
    let mut options = json!({ "args": args, "prefs": prefs });
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    if let Some(binary) = program("HALLPASS_E2E_CHROME", &names) {
        options["binary"] = json!(binary);
    }
    Capabilities::from_iter([
        ("browserName".to_owned(), json!("chrome")),
        ("goog:chromeOptions".to_owned(), options),
        ("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"})),
    ])
}
