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

    /// Signs everybody out, and is sure of it.
    pub async fn end_all(&self) -> Result {
        self.0.click("[data-do='end-all']").await?;
        self.0.click("[data-do='end-all-really']").await
    }
}
