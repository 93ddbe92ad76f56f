use anyhow::Context as _;

use crate::{Browser, Result};

/// `/reset-password#token`, where a reset link leads.
#[derive(Debug)]
pub struct ResetPage<'a>(pub &'a Browser);

impl<'a> ResetPage<'a> {
    /// Opens a link of the site.
    pub async fn open(browser: &'a Browser, link: &str) -> Result<Self> {
        let path = link.find("/reset-password").context("not a reset link")?;
        browser.goto(&link[path..]).await?;
        browser.see("#reset-form").await?;
        Ok(Self(browser))
    }

    /// Sets a password.
    pub async fn submit(&self, password: &str) -> Result {
        self.0.fill("#reset-form [name='password']", password).await?;
        self.0.submit("#reset-form").await
    }

    /// Waits until the form says this above its field.
    pub async fn expect_alert(&self, text: &str) -> Result {
        self.0.see_text("#reset-form [role='alert']", text).await
    }

    /// Waits until the form says this below its field.
    pub async fn expect_error(&self, text: &str) -> Result {
        self.0.see_text("#reset-form [data-error-for='password']", text).await
    }
}
