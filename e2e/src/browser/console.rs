//! The console's log, which WebDriver does not have: each browser gives it away in its own way.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::Context as _;
use fantoccini::Client;
use serde_json::{Value, json};

use super::extension::{Extension, in_firefox_itself};
use crate::Result;
use crate::driver::Kind;

/// Reads a browser's console piece by piece.
#[derive(Debug)]
pub(super) struct Console {
    log_file: PathBuf,
    /// How many of Firefox's lines were read already.
    read: Mutex<usize>,
}

/// Errors and warnings that pages caused, which Firefox keeps in the order they came, and forgets
/// when they are read. Its own, and what styles say, are none of ours.
const MESSAGES: &str = "
    const messages = Services.console.getMessageArray();
    Services.console.reset();
    const ours = message => message instanceof Ci.nsIScriptError
        && !message.category.startsWith('CSS')
        && !message.category.startsWith('chrome')
        && (/^https?:/.test(message.sourceName) || !message.sourceName && message.innerWindowID);
    return messages.filter(ours).map(message => `${message.category}: ${message.errorMessage}`);
";

impl Console {
    pub(super) fn new(log_file: PathBuf) -> Self {
        Self { log_file, read: Mutex::default() }
    }

    pub(super) fn log_file(&self) -> &PathBuf {
        &self.log_file
    }

    pub(super) async fn read(&self, client: &Client, kind: Kind) -> Result<Vec<String>> {
        match kind {
            Kind::Chromium => chromium(client).await,
            Kind::Firefox => {
                let mut lines = firefox(client).await?;
                lines.extend(self.written()?);
                Ok(lines)
            }
        }
    }

    /// What pages wrote with `console.log` and the like, which goes to the driver's log.
    fn written(&self) -> Result<Vec<String>> {
        let log = fs::read(&self.log_file)?;
        let log = String::from_utf8_lossy(&log);
        let all = log.lines().filter(|line| is_of_a_page(line));
        let mut read = self.read.lock().expect("no panic while it is held");
        let new: Vec<_> = all.skip(*read).map(str::to_owned).collect();
        *read += new.len();
        Ok(new)
    }
}

/// Firefox's own components put their name first, as in `console.error: RSLoader: "no network"`.
fn is_of_a_page(line: &str) -> bool {
    let said = line.strip_prefix("console.").and_then(|line| line.split_once(": "));
    let name = said.and_then(|(_, said)| said.split_once(": ").map(|(name, _)| name));
    let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
    said.is_some() && !name.is_some_and(is_name)
}

async fn chromium(client: &Client) -> Result<Vec<String>> {
    let log = client.issue_cmd(Extension("se/log", json!({"type": "browser"}))).await?;
    let entries = log.as_array().context("the console's log is no list")?;
    Ok(entries.iter().map(|entry| text(&entry["message"])).collect())
}

async fn firefox(client: &Client) -> Result<Vec<String>> {
    let messages = in_firefox_itself(client, MESSAGES, Vec::new()).await?;
    let messages = messages.as_array().context("the console's log is no list")?;
    Ok(messages.iter().map(text).collect())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::is_of_a_page;

    #[test]
    fn what_a_page_writes_is_told_from_what_firefox_does() {
        assert!(is_of_a_page(r#"console.error: "said: on purpose""#));
        assert!(is_of_a_page("console.log: 5"));
        assert!(!is_of_a_page("console.error: RSLoader: "));
        assert!(!is_of_a_page(r#"console.warn: LoginRecipes: "Falling back""#));
        assert!(!is_of_a_page("1732 geckodriver INFO Listening on 127.0.0.1:4444"));
    }
}
