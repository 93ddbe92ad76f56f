use crate::Browser;

/// What stands above every page.
#[derive(Debug)]
pub struct Header<'a>(pub &'a Browser);

impl Header<'_> {
    /// Waits until it says who is signed in.
    pub async fn expect_user(&self, username: &str) -> anyhow::Result<()> {
        self.0.see_text("#nav-user", username).await
    }

    /// Waits until nobody is signed in.
    pub async fn expect_signed_out(&self) -> anyhow::Result<()> {
        self.0.see("header [data-show='signed-out']").await?;
        self.0.see_no("#nav-user").await
    }

    /// Signs out.
    pub async fn sign_out(&self) -> anyhow::Result<()> {
        self.0.see("[data-action='sign-out']").await?.click().await?;
        Ok(())
    }
}
