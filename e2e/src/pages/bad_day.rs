use super::AdminPage;
use crate::{Browser, Result};

/// What the admin page has for a bad day: a script that it loads.
#[derive(Debug)]
pub struct BadDay<'a>(pub &'a Browser);

impl<'a> BadDay<'a> {
    /// Loads the admin page, and waits until the script runs.
    pub async fn open(browser: &'a Browser) -> Result<Self> {
        AdminPage::open(browser).await?;
        browser.see("#registration-title").await?;
        Ok(Self(browser))
    }

    /// Finds the users whose names hold this text.
    pub async fn find(&self, text: &str) -> Result {
        self.0.fill("[data-form='search'] input", text).await?;
        self.0.click("[data-form='search'] button").await
    }

    /// Presses a button, `sessions` or `unlock`, of a user's row.
    pub async fn press(&self, username: &str, button: &str) -> Result {
        let row = AdminPage(self.0).row(username).await?;
        self.0.click(&format!("{row} [data-do='{button}']")).await
    }

    /// Waits until the user's row says this of what was done.
    pub async fn expect_done(&self, username: &str, text: &str) -> Result {
        let row = AdminPage(self.0).row(username).await?;
        self.0.see_text(&format!("{row} .row-actions ~ [role='status']"), text).await
    }

    /// Presses the button that opens or closes the registration.
    pub async fn change_registration(&self) -> Result {
        self.0.click("[data-do='registration']").await
    }

    /// Waits until the registration is shown as `open` or `closed`.
    pub async fn expect_registration(&self, state: &str) -> Result {
        self.0.see(&format!("[data-state='{state}']")).await.map(drop)
    }

    /// Blocks a network for an hour, or asks for it.
    pub async fn block(&self, network: &str) -> Result {
        self.0.fill("[data-form='block'] [name='network']", network).await?;
        self.0.fill("[data-form='block'] [name='reason']", "guesses passwords").await?;
        self.0.click("[data-form='block'] [type='submit']").await
    }

    /// The row of a blocked network, the first or the only one.
    pub async fn expect_blocked(&self, network: &str) -> Result {
        self.0.see_text("[data-list='blocks'] > [data-block]", network).await
    }

    /// Ends the block that is listed first.
    pub async fn unblock(&self) -> Result {
        self.0.click("[data-list='blocks'] [data-do='unblock']").await
    }

    /// Revokes the key that signs, and is sure of it.
    pub async fn revoke_key(&self) -> Result {
        self.0.click("[data-list='keys'] > [data-signs] [data-do='revoke']").await?;
        self.0.click("[data-list='keys'] > [data-signs] [data-do='revoke-really']").await
    }

    /// Asks for the records of an event.
    pub async fn records_of(&self, event: &str) -> Result {
        let choice = "[data-form='records'] [name='event']";
        self.0.execute("document.querySelector(arguments[0]).focus()", &[choice.into()]).await?;
        self.0.click(&format!("{choice} [value='{event}']")).await?;
        self.0.click("[data-form='records'] [type='submit']").await
    }

    /// Signs everybody out, and is sure of it.
    pub async fn end_all(&self) -> Result {
        self.0.click("[data-do='end-all']").await?;
        self.0.click("[data-do='end-all-really']").await
    }
}
