use anyhow::Context as _;
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

    /// Adds a passkey of this name, which the browser's authenticator makes.
    pub async fn add_passkey(&self, name: &str) -> Result {
        self.0.fill("[data-form='add-passkey'] [name='name']", name).await?;
        self.0.click("[data-form='add-passkey'] [type='submit']").await
    }

    /// Waits until these passkeys are listed.
    pub async fn expect_passkeys(&self, names: &[&str]) -> Result {
        let mut listed = Vec::new();
        let there = async || {
            listed.clear();
            let rows = Locator::Css("[data-list='passkeys'] strong");
            for name in self.0.client().find_all(rows).await? {
                listed.push(name.text().await?);
            }
            Ok(listed == names)
        };
        let waited = self.0.eventually(&format!("the passkeys are {names:?}"), there).await;
        waited.with_context(|| format!("listed are {listed:?}"))
    }

    /// Gives a passkey another name.
    pub async fn rename_passkey(&self, name: &str, new: &str) -> Result {
        let row = self.passkey(name).await?;
        self.0.fill(&format!("{row} [name='name']"), new).await?;
        self.0.click(&format!("{row} [type='submit']")).await
    }

    /// Removes a passkey.
    pub async fn remove_passkey(&self, name: &str) -> Result {
        let row = self.passkey(name).await?;
        self.0.click(&format!("{row} [data-do='remove-passkey']")).await
    }

    /// The row of a passkey, as a selector.
    async fn passkey(&self, name: &str) -> Result<String> {
        let script = "
            const rows = [...document.querySelectorAll('[data-passkey]')];
            const named = row => row.querySelector('strong').textContent === arguments[0];
            return rows.find(named)?.dataset.passkey ?? null";
        let mut id = None;
        let there = async || {
            id = self.0.execute(script, &[name.into()]).await?.as_str().map(str::to_owned);
            Ok(id.is_some())
        };
        self.0.eventually(&format!("the passkey {name} is listed"), there).await?;
        Ok(format!("[data-passkey='{}']", id.context("the row went")?))
    }

    /// Sets up an app with the present code, so that the next one is left, however late both are
    /// sent. Returns it with the recovery codes.
    pub async fn set_up(&self) -> Result<(AuthenticatorApp, Vec<String>)> {
        self.press("add-totp").await?;
        let app = self.scan().await?;
        self.confirm(&app.code(0)?).await?;
        let codes = self.codes().await?;
        Ok((app, codes))
    }
}
