use anyhow::{Context as _, ensure};
use fantoccini::Locator;

use crate::{Browser, Result};

/// `/account`
#[derive(Debug)]
pub struct AccountPage<'a>(pub &'a Browser);

impl<'a> AccountPage<'a> {
    /// The page's path.
    pub const PATH: &'static str = "/account";

    /// Loads the page, and waits until it shows the sessions.
    pub async fn open(browser: &'a Browser) -> Result<Self> {
        browser.goto(Self::PATH).await?;
        browser.see("[data-view='account'] [data-show='sessions']").await?;
        Ok(Self(browser))
    }

    /// Waits until so many sessions are listed.
    pub async fn expect_sessions(&self, count: usize) -> Result {
        let rows = Locator::Css("[data-list='sessions'] > [data-id]");
        let there = async || Ok(self.0.client().find_all(rows).await?.len() == count);
        self.0.eventually(&format!("{count} sessions are listed"), there).await
    }

    /// The id of the session that the page says is this browser's.
    pub async fn own_session(&self) -> Result<String> {
        let own =
            self.0.see("[data-list='sessions'] [data-part='current'].tag:not([hidden])").await;
        own.context("no session is shown as this one")?;
        let id = self.0.execute(OWN_SESSION, &[]).await?;
        Ok(id.as_str().context("the row went")?.to_owned())
    }

    /// Waits until this session is the only one that is listed, as this browser's.
    pub async fn expect_only_session(&self, id: &str) -> Result {
        self.expect_sessions(1).await?;
        self.0.find(&format!("[data-list='sessions'] > [data-id='{id}']")).await?;
        ensure!(self.own_session().await? == id, "another session is shown as this one");
        Ok(())
    }

    /// Signs out the one other session that is listed.
    pub async fn end_the_other_session(&self) -> Result {
        let button = "[data-list='sessions'] [data-action='end-session']:not([hidden])";
        self.0.click(button).await
    }

    /// Signs out all other sessions.
    pub async fn end_other_sessions(&self) -> Result {
        self.0.click("[data-action='end-other-sessions']").await
    }

    /// Fills in the form for another password and presses its button.
    pub async fn change_password(&self, current: &str, new: &str) -> Result {
        self.0.fill("#password-form [name='current_password']", current).await?;
        self.0.fill("#password-form [name='password']", new).await?;
        self.0.submit("#password-form").await
    }

    /// Types the name that confirms it, and presses the button that deletes the account.
    pub async fn delete(&self, confirmation: &str) -> Result {
        self.0.fill("#delete-form [name='username']", confirmation).await?;
        self.0.submit("#delete-form").await
    }

    /// Waits until a field of a form is said to be wrong in these words.
    pub async fn expect_error(&self, form: &str, field: &str, text: &str) -> Result {
        self.0.see_text(&format!("{form} [data-error-for='{field}']"), text).await
    }
}

/// The dialog that asks for the password again.
#[derive(Debug)]
pub struct FreshnessPrompt<'a>(pub &'a Browser);

impl<'a> FreshnessPrompt<'a> {
    const DIALOG: &'static str = "dialog#fresh";

    /// Waits until it is open.
    pub async fn expect(browser: &'a Browser) -> Result<Self> {
        browser.see(Self::DIALOG).await?;
        Ok(Self(browser))
    }

    /// Waits until it is closed.
    pub async fn expect_none(browser: &'a Browser) -> Result {
        browser.see_no(Self::DIALOG).await
    }

    /// Gives a password.
    pub async fn confirm(&self, password: &str) -> Result {
        self.0.fill("#fresh-form [name='password']", password).await?;
        self.0.submit("#fresh-form").await
    }

    /// Gives up what it was asked for.
    pub async fn cancel(&self) -> Result {
        self.0.click("#fresh-form [data-action='cancel']").await
    }
}

/// The session whose row has the visible mark of this browser's.
const OWN_SESSION: &str = "
    const mark = document.querySelector(
        \"[data-list='sessions'] [data-part='current'].tag:not([hidden])\");
    return mark?.closest('[data-id]').dataset.id ?? null";
