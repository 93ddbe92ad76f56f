use fantoccini::Locator;

use crate::{AuthenticatorApp, Browser, Result};

/// The dialog in which whoever must have a second factor sets one up, after a right password.
#[derive(Debug)]
pub struct SetUp<'a>(pub &'a Browser);

impl<'a> SetUp<'a> {
    const DIALOG: &'static str = "dialog#setup";

    /// Waits until it is open.
    pub async fn expect(browser: &'a Browser) -> Result<Self> {
        browser.see(Self::DIALOG).await?;
        Ok(Self(browser))
    }

    /// Waits until it is closed.
    pub async fn expect_none(browser: &'a Browser) -> Result {
        browser.see_gone(Self::DIALOG).await
    }

    /// Waits until it says this.
    pub async fn expect_text(&self, text: &str) -> Result {
        self.0.see_text(Self::DIALOG, text).await
    }

    /// Presses one of its buttons: `add-passkey`, `add-totp`, `hide-codes`.
    pub async fn press(&self, what: &str) -> Result {
        self.0.click(&format!("{} [data-do='{what}']", Self::DIALOG)).await
    }

    /// The app after it has read the secret that the dialog shows.
    pub async fn scan(&self) -> Result<AuthenticatorApp> {
        let secret = self.0.see(&format!("{} .secret", Self::DIALOG)).await?;
        AuthenticatorApp::new(&secret.text().await?)
    }

    /// Enters a code of the new app, which is sent by itself.
    pub async fn confirm(&self, code: &str) -> Result {
        self.0.fill(&format!("{} [name='code']", Self::DIALOG), code).await
    }

    /// The recovery codes, as soon as they are shown.
    pub async fn codes(&self) -> Result<Vec<String>> {
        let list = format!("{} .codes", Self::DIALOG);
        self.0.see(&list).await?;
        let mut codes = Vec::new();
        for code in self.0.client().find_all(Locator::Css(&format!("{list} li"))).await? {
            codes.push(code.text().await?);
        }
        Ok(codes)
    }

    /// Sets up an app with the present code, and keeps the recovery codes. That signs in.
    pub async fn set_up_app(&self) -> Result<(AuthenticatorApp, Vec<String>)> {
        self.press("add-totp").await?;
        let app = self.scan().await?;
        self.confirm(&app.code(0)?).await?;
        let codes = self.codes().await?;
        self.press("hide-codes").await?;
        Ok((app, codes))
    }
}
