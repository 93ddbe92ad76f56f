use std::time::Duration;

use anyhow::{Context as _, ensure};
use fantoccini::elements::Element;
use fantoccini::error::{CmdError, ErrorStatus};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, Locator};
use http::Method;
use serde_json::json;
use tokio::time::{Instant, sleep};

/// How long the page may take to show what is expected of it.
const PATIENCE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(25);

/// A browser window on the server under test.
#[derive(Clone, Debug)]
pub struct Browser {
    client: Client,
    base_url: String,
}

impl Browser {
    pub(crate) fn new(client: Client, base_url: String) -> Self {
        Self { client, base_url }
    }

    /// The WebDriver session, for steps that the page objects do not have.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The server's URL without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Loads a path of the server and waits until the frontend has started.
    pub async fn goto(&self, path: &str) -> anyhow::Result<()> {
        self.client.goto(&format!("{}{path}", self.base_url)).await?;
        self.ready().await
    }

    /// Loads the page anew and waits until the frontend has started.
    pub async fn reload(&self) -> anyhow::Result<()> {
        self.client.refresh().await?;
        self.ready().await
    }

    async fn ready(&self) -> anyhow::Result<()> {
        self.find("html[data-app='ready']").await.context("the frontend did not start")?;
        Ok(())
    }

    /// Where the browser is: path, query and fragment.
    pub async fn path(&self) -> anyhow::Result<String> {
        let url = self.client.current_url().await?;
        let path = url.as_str().strip_prefix(&self.base_url);
        Ok(path.with_context(|| format!("left the server for {url}"))?.to_owned())
    }

    /// Waits until the browser is at this path.
    pub async fn expect_path(&self, expected: &str) -> anyhow::Result<()> {
        self.eventually(&format!("at {expected}"), async || Ok(self.path().await? == expected))
            .await
    }

    /// The element that a CSS selector names, as soon as it is there.
    pub async fn find(&self, css: &str) -> anyhow::Result<Element> {
        let what = format!("{css} is there");
        let found = || async { Ok(self.client.find_all(Locator::Css(css)).await?.len() == 1) };
        self.eventually(&what, found).await?;
        Ok(self.client.find(Locator::Css(css)).await?)
    }

    /// The element that a CSS selector names, as soon as a person can see it.
    pub async fn see(&self, css: &str) -> anyhow::Result<Element> {
        let element = self.find(css).await?;
        let what = format!("{css} is visible");
        self.eventually(&what, async || Ok(element.is_displayed().await?)).await?;
        Ok(element)
    }

    /// Waits until a person can't see the element any more.
    pub async fn see_no(&self, css: &str) -> anyhow::Result<()> {
        let element = self.find(css).await?;
        let what = format!("{css} is hidden");
        self.eventually(&what, async || Ok(!element.is_displayed().await?)).await
    }

    /// Waits until the visible element's text holds `expected`.
    pub async fn see_text(&self, css: &str, expected: &str) -> anyhow::Result<()> {
        let element = self.see(css).await?;
        let what = format!("{css} says “{expected}”");
        self.eventually(&what, async || Ok(element.text().await?.contains(expected))).await
    }

    /// What localStorage holds under a key.
    pub async fn stored(&self, key: &str) -> anyhow::Result<Option<String>> {
        let script = "return localStorage.getItem(arguments[0])";
        let value = self.client.execute(script, vec![json!(key)]).await?;
        Ok(value.as_str().map(str::to_owned))
    }

    /// What the browser's console said since this was last asked: violations of the content
    /// security policy, failed requests, errors.
    pub async fn console(&self) -> anyhow::Result<Vec<String>> {
        let entries = self.client.issue_cmd(ReadConsole).await?;
        let entries = entries.as_array().context("the console's log is no list")?;
        Ok(entries.iter().map(|entry| entry["message"].to_string()).collect())
    }

    /// Waits until `holds`; an error of an element that was just replaced counts as "not yet".
    ///
    /// # Errors
    ///
    /// If it does not hold in time, or WebDriver fails in another way.
    pub async fn eventually(
        &self,
        what: &str,
        mut holds: impl AsyncFnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match holds().await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) if is_stale(&error) => {}
                Err(error) => return Err(error.context(format!("while waiting: {what}"))),
            }
            ensure!(Instant::now() < deadline, "waited {PATIENCE:?} in vain: {what}");
            sleep(POLL).await;
        }
    }
}

fn is_stale(error: &anyhow::Error) -> bool {
    let standard = error.downcast_ref::<CmdError>().and_then(|error| match error {
        CmdError::Standard(error) => Some(&error.error),
        _ => None,
    });
    matches!(standard, Some(ErrorStatus::StaleElementReference | ErrorStatus::NoSuchElement))
}

/// `ChromeDriver`'s command for the console's log; WebDriver has none.
#[derive(Debug)]
struct ReadConsole;

impl WebDriverCompatibleCommand for ReadConsole {
    fn endpoint(
        &self,
        base_url: &url::Url,
        session_id: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!("session/{}/se/log", session_id.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({"type": "browser"}).to_string()))
    }
}
