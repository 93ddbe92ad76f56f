use hallpass_e2e::Scenario;
use hallpass_e2e::pages::{Header, LoginPage, ProtectedPage};

use crate::{PASSWORD, registered};

#[tokio::test]
async fn a_visitor_is_sent_to_sign_in_and_back_to_where_they_wanted_to_go() {
    Scenario::new("a_visitor_is_sent_to_sign_in_and_back_to_where_they_wanted_to_go")
        .run(async |browser| {
            let username = registered(browser).await?;
            Header(browser).sign_out().await?;
            browser.goto("/protected?from=a-bookmark").await?;
            let login = LoginPage::expect(browser).await?;
            anyhow::ensure!(browser.path().await?.starts_with("/login?"), "not at /login");
            browser.see_no("#protected-message").await?;
            login.submit(&username, PASSWORD).await?;
            browser.expect_path("/protected?from=a-bookmark").await?;
            browser.see_text("#protected-message", &username).await
        })
        .await;
}

#[tokio::test]
async fn a_crafted_link_does_not_lead_off_the_site() {
    Scenario::new("a_crafted_link_does_not_lead_off_the_site")
        .run(async |browser| {
            let username = registered(browser).await?;
            for next in
                ["https://evil.example/", "//evil.example", "/%5Cevil.example", "%2F%2Fevil"]
            {
                Header(browser).sign_out().await?;
                browser.goto(&format!("/login?next={next}")).await?;
                LoginPage::expect(browser).await?.submit(&username, PASSWORD).await?;
                ProtectedPage(browser).expect_content_for(&username).await?;
            }
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn back_after_signing_out_does_not_show_the_protected_page() {
    Scenario::new("back_after_signing_out_does_not_show_the_protected_page")
        .run(async |browser| {
            registered(browser).await?;
            Header(browser).sign_out().await?;
            Header(browser).expect_signed_out().await?;
            browser.client().back().await?;
            LoginPage::expect(browser).await?;
            browser.see_no("#protected-message").await?;
            Header(browser).expect_signed_out().await
        })
        .await;
}
