//! What Chromium's developer tools can do beyond the WebDriver standard.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Browser;
use super::extension::Extension;
use crate::{Kind, Result, Skip};

impl Browser {
    /// Runs a script in each document from now on, before those of the page: to change what
    /// `Date.now` says, for example. Firefox has no such thing over WebDriver, so there the test is
    /// skipped; register it with [`only_on`](crate::Test::only_on).
    pub async fn on_new_document(&self, script: &str) -> Result {
        if self.kind != Kind::Chromium {
            return Err(Skip::because("only Chromium runs scripts before those of a page").into());
        }
        self.step("run a script before each page's own").await;
        let script = json!({"source": script});
        self.devtools("Page.addScriptToEvaluateOnNewDocument", script).await
    }

    /// A command of Chromium's developer tools, for this tab.
    pub(super) async fn devtools(&self, command: &'static str, parameters: Value) -> Result {
        let body = json!({"cmd": command, "params": parameters});
        self.client.issue_cmd(Extension("goog/cdp/execute", body)).await.context(command)?;
        Ok(())
    }
}
