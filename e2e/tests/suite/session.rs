use hallpass_e2e::Scenario;
use hallpass_e2e::pages::{Header, LoginPage, ProtectedPage};

use crate::registered;

/// Where the frontend keeps the access token.
const TOKEN: &str = "hallpass.access_token";

#[tokio::test]
async fn signing_out_in_one_tab_signs_out_the_other() {
    Scenario::new("signing_out_in_one_tab_signs_out_the_other")
        .run(async |browser| {
            let username = registered(browser).await?;
            let first = browser.client().window().await?;
            let second = browser.client().new_window(true).await?;
            browser.client().switch_to_window(second.handle).await?;
            browser.goto(ProtectedPage::PATH).await?;
            ProtectedPage(browser).expect_content_for(&username).await?;
            Header(browser).sign_out().await?;
            Header(browser).expect_signed_out().await?;

            browser.client().switch_to_window(first).await?;
            Header(browser).expect_signed_out().await?;
            browser.see_no("#protected-message").await
        })
        .await;
}

#[tokio::test]
async fn an_expired_token_leads_to_sign_in() {
    Scenario::new("an_expired_token_leads_to_sign_in")
        .with_server_args(&["--access-ttl", "5s"])
        .run(async |browser| {
            let username = crate::new_username();
            let register = hallpass_e2e::pages::RegisterPage::open(browser).await?;
            register.submit(&username, crate::PASSWORD).await?;
            browser.expect_path(ProtectedPage::PATH).await?;
            let expired = async || {
                browser.reload().await?;
                Ok(browser.path().await?.starts_with("/login"))
            };
            browser.eventually("the token expires", expired).await?;
            LoginPage::expect(browser).await?;
            Header(browser).expect_signed_out().await?;
            anyhow::ensure!(browser.stored(TOKEN).await?.is_none(), "the token is still stored");
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn a_token_that_the_server_does_not_accept_is_forgotten() {
    Scenario::new("a_token_that_the_server_does_not_accept_is_forgotten")
        .run(async |browser| {
            registered(browser).await?;
            let token = browser.stored(TOKEN).await?.unwrap_or_default();
            let (unsigned, _) = token.rsplit_once('.').unwrap_or_default();
            let forged = serde_json::json!(format!("{unsigned}.AAAA"));
            let script = "localStorage.setItem(arguments[0], arguments[1])";
            let client = browser.client();
            client.execute(script, vec![TOKEN.into(), forged]).await?;
            browser.reload().await?;
            LoginPage::expect(browser).await?;
            anyhow::ensure!(browser.stored(TOKEN).await?.is_none(), "the token is still stored");
            Ok(())
        })
        .await;
}
