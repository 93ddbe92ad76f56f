use crate::{Browser, Result};

/// What stands above every page.
#[derive(Debug)]
pub struct Header<'a>(pub &'a Browser);

impl Header<'_> {
    /// Waits until it says who is signed in.
    pub async fn expect_user(&self, username: &str) -> Result {
        self.0.see_text("#nav-user", username).await
    }

    /// Waits until nobody is signed in.
    pub async fn expect_signed_out(&self) -> Result {
        self.0.see("header [data-show='signed-out']").await?;
        self.0.see_no("#nav-user").await
    }

    /// Signs out.
    pub async fn sign_out(&self) -> Result {
        self.0.click("header [data-action='sign-out']").await
    }
}
