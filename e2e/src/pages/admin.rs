use anyhow::Context as _;
use fantoccini::Locator;
use hallpass_contract::{AdminUser, path};
use serde_json::json;

use crate::{Browser, Result, User};

/// `/admin`
#[derive(Debug)]
pub struct AdminPage<'a>(pub &'a Browser);

impl<'a> AdminPage<'a> {
    /// The page's path.
    pub const PATH: &'static str = "/admin";

    /// Loads the page, and waits until it shows users.
    pub async fn open(browser: &'a Browser) -> Result<Self> {
        browser.goto(Self::PATH).await?;
        Self::expect(browser).await
    }

    /// Loads the page with this user on it.
    pub async fn open_at(browser: &'a Browser, user: &User) -> Result<Self> {
        let after = user.listed_after().map(|id| format!("?{}={id}", path::AFTER));
        browser.goto(&format!("{}{}", Self::PATH, after.unwrap_or_default())).await?;
        let page = Self::expect(browser).await?;
        page.row(&user.name).await?;
        Ok(page)
    }

    /// Waits until the browser shows the page.
    pub async fn expect(browser: &'a Browser) -> Result<Self> {
        browser.see("[data-view='admin'] [data-list='users']").await?;
        Ok(Self(browser))
    }

    /// The names on the page.
    pub async fn names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for name in self.0.client().find_all(Locator::Css("[data-list='users'] strong")).await? {
            names.push(name.text().await?);
        }
        Ok(names)
    }

    /// The row of a user, as soon as it is there, as a selector.
    pub async fn row(&self, username: &str) -> Result<String> {
        let script = "
            const named = row => row.querySelector('strong').textContent === arguments[0];
            const rows = [...document.querySelectorAll('[data-list=\"users\"] > [data-id]')];
            return rows.find(named)?.dataset.id ?? null;";
        let there = async || Ok(!self.0.execute(script, &[username.into()]).await?.is_null());
        self.0.eventually(&format!("{username} is listed"), there).await?;
        let id = self.0.execute(script, &[username.into()]).await?;
        let id = id.as_str().context("the row went")?;
        Ok(format!("[data-list='users'] > [data-id='{id}']"))
    }

    /// Waits until a user's row shows what the server has of them, and offers what can be done to
    /// them.
    pub async fn expect_row(&self, user: &AdminUser) -> Result {
        let row = self.row(&user.username).await?;
        let disabled = user.disabled;
        let expected = json!([user.roles.join(", "), disabled, disabled, !disabled]);
        let mut shown = json!(null);
        let same = async || {
            shown = self.0.execute(SHOWN, &[json!(row)]).await?;
            Ok(shown == expected)
        };
        let waited = self.0.eventually(&format!("{} is shown as it is", user.username), same).await;
        waited.with_context(|| format!("the row shows {shown}, and the server has {expected}"))
    }

    /// Presses a button of the user's row: `disable`, `enable`, `end-user-sessions`, `offer-reset`.
    pub async fn press(&self, username: &str, action: &str) -> Result {
        let row = self.row(username).await?;
        self.0.click(&format!("{row} [data-action='{action}']")).await
    }

    /// Gives the user these roles.
    pub async fn set_roles(&self, username: &str, roles: &str) -> Result {
        let row = self.row(username).await?;
        self.0.fill(&format!("{row} [name='roles']"), roles).await?;
        self.0.click(&format!("{row} [type='submit']")).await
    }

    /// Waits until the user's row says this of what was done.
    pub async fn expect_done(&self, username: &str, text: &str) -> Result {
        let row = self.row(username).await?;
        self.0.see_text(&format!("{row} [data-cell='done']"), text).await
    }

    /// The reset link in the user's row, as soon as it is there.
    pub async fn reset_link(&self, username: &str) -> Result<String> {
        let row = self.row(username).await?;
        Ok(self.0.see(&format!("{row} [data-cell='reset-url']")).await?.text().await?)
    }
}

/// A row's roles, whether it says that the user is disabled, and whether it offers to enable and to
/// disable them.
const SHOWN: &str = "
    const row = document.querySelector(arguments[0]);
    const visible = css => row.querySelector(css).checkVisibility();
    return [
        row.querySelector('[name=roles]').value,
        visible('.tag[data-part=disabled]'),
        visible('[data-action=enable]'),
        visible('[data-action=disable]'),
    ]";
