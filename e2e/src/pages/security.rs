use fantoccini::Locator;

use super::AccountPage;
use crate::{AuthenticatorApp, Browser, Result};

/// The security section of the account page.
#[derive(Debug)]
pub struct Security<'a>(pub &'a Browser);

impl<'a> Security<'a> {
    const SECTION: &'static str = "[aria-labelledby='security-title']";

    /// Loads the account page, and waits until the section shows what is set up.
    pub async fn open(browser: &'a Browser) -> Result<Self> {
        AccountPage::open(browser).await?;
        browser.see(&format!("{} [data-of='app']", Self::SECTION)).await?;
        Ok(Self(browser))
    }

    /// Waits until it says this.
    pub async fn expect_text(&self, text: &str) -> Result {
        self.0.see_text(Self::SECTION, text).await
    }

    /// Presses one of its buttons: `add-totp`, `remove-totp`, `replace-totp`, `new-codes`,
    /// `hide-codes`.
    pub async fn press(&self, what: &str) -> Result {
        self.0.click(&format!("{} [data-do='{what}']", Self::SECTION)).await
    }

    /// The app after it has read the secret that the section shows.
    pub async fn scan(&self) -> Result<AuthenticatorApp> {
        AuthenticatorApp::new(&self.0.see(".secret").await?.text().await?)
    }

    /// Enters a code of the new app, which is sent by itself.
    pub async fn confirm(&self, code: &str) -> Result {
        self.0.fill("[data-form='confirm-totp'] [name='code']", code).await
    }

    /// The recovery codes, as soon as they are shown.
    pub async fn codes(&self) -> Result<Vec<String>> {
        self.0.see(".codes").await?;
        let mut codes = Vec::new();
        for code in self.0.client().find_all(Locator::Css(".codes li")).await? {
            codes.push(code.text().await?);
        }
        Ok(codes)
    }

    /// Sets up an app with the code of the step before this one, so that the present one and the
    /// next are left. Returns it with the recovery codes.
    pub async fn set_up(&self) -> Result<(AuthenticatorApp, Vec<String>)> {
        self.press("add-totp").await?;
        let app = self.scan().await?;
        self.confirm(&app.code(-1)?).await?;
        let codes = self.codes().await?;
        Ok((app, codes))
    }
}
