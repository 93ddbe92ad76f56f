use crate::{Browser, Result};

/// `/protected`
#[derive(Debug)]
pub struct ProtectedPage<'a>(pub &'a Browser);

impl ProtectedPage<'_> {
    /// The page's path.
    pub const PATH: &'static str = "/protected";

    /// Waits until the page shows the protected content for this user.
    pub async fn expect_content_for(&self, username: &str) -> Result {
        self.0.expect_path(Self::PATH).await?;
        self.0.see_text("#protected-message", username).await
    }
}
