//! Tabs, and how large they are.

use anyhow::Context as _;
use fantoccini::wd::WindowHandle;
use serde_json::json;

use super::Browser;
use super::extension::in_firefox_itself;
use crate::{Kind, Result, eventually};

/// A tab of a browser.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Window(WindowHandle);

impl Browser {
    /// The tab that the steps go to.
    pub async fn window(&self) -> Result<Window> {
        Ok(Window(self.client.window().await?))
    }

    /// Opens another tab, and switches to it.
    pub async fn new_tab(&self) -> Result<Window> {
        self.step("open a tab").await;
        let window = Window(self.client.new_window(true).await.context("open a tab")?.handle);
        self.client.switch_to_window(window.0.clone()).await?;
        Ok(window)
    }

    /// Sends the steps that follow to this tab.
    pub async fn switch_to(&self, window: &Window) -> Result {
        self.step("switch to another tab").await;
        self.client.switch_to_window(window.0.clone()).await.context("switch to another tab")
    }

    /// Closes the tab that the steps go to; switch to another one afterwards.
    pub async fn close_tab(&self) -> Result {
        self.step("close the tab").await;
        self.client.close_window().await.context("close the tab")
    }

    pub(crate) async fn windows(&self) -> Result<Vec<Window>> {
        Ok(self.client.windows().await?.into_iter().map(Window).collect())
    }

    /// Makes this tab's page so many CSS pixels wide and high, such as 360 and 740 for a phone.
    pub async fn resize(&self, width: u32, height: u32) -> Result {
        self.step(format_args!("resize to {width} x {height}")).await;
        match self.kind {
            Kind::Chromium => self.pretend_size(width, height).await,
            Kind::Firefox => self.shrink_page(width, height).await,
        }
        .context("resize")
    }

    /// No window of Chromium's is as narrow as a phone.
    async fn pretend_size(&self, width: u32, height: u32) -> Result {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 0, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await
    }

    /// No window of Firefox's is either, so only the part with the page becomes so small.
    async fn shrink_page(&self, width: u32, height: u32) -> Result {
        in_firefox_itself(&self.client, SHRINK, vec![json!(width), json!(height)]).await?;
        let script = "return [innerWidth, innerHeight]";
        let fits =
            async || Ok(self.client.execute(script, Vec::new()).await? == json!([width, height]));
        eventually(&format!("the page is {width} x {height}"), fits).await
    }
}

/// What a user style would do.
const SHRINK: &str = "
    const { style } = gBrowser.selectedBrowser;
    for (const limit of ['', 'min-', 'max-']) {
        style.setProperty(`${limit}width`, `${arguments[0]}px`);
        style.setProperty(`${limit}height`, `${arguments[1]}px`);
    }
";
