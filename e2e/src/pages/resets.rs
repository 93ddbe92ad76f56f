use anyhow::Context as _;

use super::AdminPage;
use crate::Result;

impl AdminPage<'_> {
    /// The row of the open reset link for a user, as soon as it is there, as a selector.
    pub async fn open_link(&self, username: &str) -> Result<String> {
        let script = "
            const named = row => row.querySelector('strong').textContent === arguments[0];
            const rows = [...document.querySelectorAll('[data-list=\"resets\"] > [data-id]')];
            return rows.find(named)?.dataset.id ?? null;";
        let there = async || Ok(!self.0.execute(script, &[username.into()]).await?.is_null());
        self.0.eventually(&format!("the link for {username} is listed"), there).await?;
        let id = self.0.execute(script, &[username.into()]).await?;
        let id = id.as_str().context("the row went")?;
        Ok(format!("[data-list='resets'] > [data-id='{id}']"))
    }

    /// Withdraws the open reset link for a user, and waits until the page says so in its place.
    pub async fn withdraw(&self, username: &str) -> Result {
        let row = self.open_link(username).await?;
        self.0.click(&format!("{row} [data-action='withdraw-reset']")).await?;
        let done = format!("The reset link for {username} is withdrawn.");
        self.0.see_text("[data-list='resets'] > [data-gone]", &done).await
    }
}
