//! Commands of one driver beyond the WebDriver standard.

use fantoccini::Client;
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::Result;

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
