use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use fantoccini::wd::Capabilities;
use serde_json::json;

use super::kind::{Media, PLAIN_HOST};
use super::program::{command, more_args, program};
use crate::Result;

/// What stands before the port that `geckodriver` listens on.
pub(super) const READY: &str = "Listening on 127.0.0.1:";

/// The port of 0 keeps drivers that run at once out of each other's way. The console's messages can
/// be read in the browser's own context alone, which system access opens.
pub(super) fn driver() -> Command {
    let mut command = command("HALLPASS_E2E_GECKODRIVER", "geckodriver");
    command.args(["--port", "0", "--websocket-port", "0", "--allow-system-access"]);
    command.env("MOZ_HEADLESS_WIDTH", "1024").env("MOZ_HEADLESS_HEIGHT", "900");
    command
}

pub(super) fn capabilities(profile: &Path, headed: bool, media: Media) -> Result<Capabilities> {
    let binary = program("HALLPASS_E2E_FIREFOX", &["firefox", "firefox-esr"])
        .context("no Firefox; scripts/setup e2e installs it, or set HALLPASS_E2E_FIREFOX")?;
    let mut args = vec!["-profile".to_owned(), profile.display().to_string()];
    args.extend(more_args("HALLPASS_E2E_FIREFOX_ARGS"));
    if !headed {
        args.push("-headless".to_owned());
    }
    let options = json!({
        "binary": binary,
        "args": args,
        "prefs": {
            // console.log and the like, to the driver's output.
            "devtools.console.stdout.content": true,
            "devtools.console.stdout.chrome": false,
            "signon.rememberSignons": false,
            "layout.css.prefers-color-scheme.content-override": if media.dark { 0 } else { 1 },
            "ui.prefersReducedMotion": i32::from(media.reduced_motion),
            // 5 is Firefox's default; 2 blocks all cookies, and all storage with them.
            "network.cookie.cookieBehavior": if media.storage_blocked { 2 } else { 5 },
            "font.size.variable.x-western": media.font_size.unwrap_or(16),
            "network.dns.localDomains": PLAIN_HOST,
            // Virtual authenticators answer, and nobody waits for a real one at the USB port.
            "security.webauth.webauthn_enable_softtoken": true,
            "security.webauth.webauthn_enable_usbtoken": false,
            // Nothing to fetch but the server under test.
            "browser.newtabpage.enabled": false,
            "browser.startup.page": 0,
            "network.captive-portal-service.enabled": false,
            "network.connectivity-service.enabled": false,
            "browser.region.update.enabled": false,
            "extensions.getAddons.cache.enabled": false,
            // No extensions of the system's or the distribution's: they are not under test.
            "extensions.enabledScopes": 0,
        },
    });
    Ok(Capabilities::from_iter([
        ("browserName".to_owned(), json!("firefox")),
        ("moz:firefoxOptions".to_owned(), options),
    ]))
}
