//! Tabs, and how large they are.

use anyhow::Context as _;
use fantoccini::wd::WindowHandle;

use super::Browser;
use crate::Result;

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

    /// Makes the page so many CSS pixels wide and high, such as 320 and 640 for a small phone.
    ///
    /// No browser's window is narrower than about 500 pixels by itself, so Chromium pretends to be
    /// that narrow; Firefox without a head can be.
    pub async fn resize(&self, width: u32, height: u32) -> Result {
        self.step(format_args!("resize to {width} x {height}")).await;
        self.client.set_window_size(width, height).await.context("resize")
    }
}
