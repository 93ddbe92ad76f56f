use crate::{Browser, Result};

/// The dialog that asks for a code after a right password.
#[derive(Debug)]
pub struct SecondStep<'a>(pub &'a Browser);

impl<'a> SecondStep<'a> {
    const DIALOG: &'static str = "dialog#factor";

    /// Waits until it is open.
    pub async fn expect(browser: &'a Browser) -> Result<Self> {
        browser.see(Self::DIALOG).await?;
        Ok(Self(browser))
    }

    /// Waits until it is closed.
    pub async fn expect_none(browser: &'a Browser) -> Result {
        browser.see_gone(Self::DIALOG).await
    }

    /// Enters a one-time code, which is sent by itself.
    pub async fn enter(&self, code: &str) -> Result {
        self.0.fill("#factor-code", code).await
    }

    /// Enters a recovery code instead.
    pub async fn recover(&self, code: &str) -> Result {
        self.0.click("#factor [data-do='other-factor']").await?;
        self.0.fill("#factor-code", code).await?;
        self.0.click("#factor-form [type='submit']").await
    }

    /// Shows a passkey instead.
    pub async fn use_passkey(&self) -> Result {
        self.0.click("#factor [data-do='passkey']").await
    }

    /// Waits until it says this.
    pub async fn expect_alert(&self, text: &str) -> Result {
        self.0.see_text("#factor-error", text).await
    }
}
