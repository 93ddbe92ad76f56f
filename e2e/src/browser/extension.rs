//! Commands of one driver beyond the WebDriver standard.

use anyhow::Context as _;
use fantoccini::Client;
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::Browser;
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

/// Runs a script in the browser's own window, not in the page.
pub(super) async fn in_firefox_itself(
    client: &Client,
    script: &str,
    arguments: Vec<Value>,
) -> Result<Value> {
    let context = |context| Extension("moz/context", json!({"context": context}));
    client.issue_cmd(context("chrome")).await?;
    let outcome = client.execute(script, arguments).await;
    client.issue_cmd(context("content")).await?;
    Ok(outcome?)
}

/// A driver's command beyond the standard: the path below the session's, and the body.
#[derive(Debug)]
pub(super) struct Extension(pub(super) &'static str, pub(super) Value);

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/{}", session_id.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.1.to_string()))
    }
}
