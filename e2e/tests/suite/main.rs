//! The browser suite: what people do with the frontend, in a real browser on a real server.

mod accounts;
mod evidence;
mod guard;
mod safety;
mod session;

use hallpass_e2e::Browser;
use hallpass_e2e::pages::{ProtectedPage, RegisterPage};

const PASSWORD: &str = "correct horse battery staple";

/// A name that no other run has used, so that the suite can run against one deployment again.
fn new_username() -> String {
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("the system has randomness");
    format!("e2e-{:016x}", u64::from_ne_bytes(random))
}

/// Registers a new user, which signs them in, and returns their name.
async fn registered(browser: &Browser) -> anyhow::Result<String> {
    let username = new_username();
    RegisterPage::open(browser).await?.submit(&username, PASSWORD).await?;
    ProtectedPage(browser).expect_content_for(&username).await?;
    Ok(username)
}
