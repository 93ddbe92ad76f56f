//! The route guard: who sees the protected page, and where it sends the others.

use hallpass_e2e::pages::{Header, LoginPage};
use hallpass_e2e::{Context, Result, Test, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_visitor_is_sent_to_sign_in_and_back_to_where_they_wanted_to_go.needs_account(),
        a_link_with_two_parameters_survives_signing_in.needs_account(),
        a_crafted_link_does_not_lead_off_the_site.needs_account(),
        back_after_signing_out_does_not_show_the_protected_page.needs_account(),
    ]
}

async fn a_visitor_is_sent_to_sign_in_and_back_to_where_they_wanted_to_go(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.account().await?);
    browser.goto("/protected?from=a-bookmark").await?;
    let login = LoginPage::expect(browser).await?;
    anyhow::ensure!(browser.path().await?.starts_with("/login?"), "not at /login");
    browser.see_no("#protected-message").await?;
    login.submit_as(&ada).await?;
    browser.expect_path("/protected?from=a-bookmark").await?;
    browser.see_text("#protected-message", &ada.name).await
}

async fn a_link_with_two_parameters_survives_signing_in(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.account().await?);
    let links = ["/protected?a=1&b=2%263", "/account?b=%C3%A4+%2B&a=%23&a="];
    for link in links {
        browser.goto(link).await?;
        LoginPage::expect(browser).await?.submit_as(&ada).await?;
        browser.expect_path(link).await?;
        Header(browser).expect_user(&ada.name).await?;
        browser.reload().await?;
        browser.expect_path(link).await?;
        Header(browser).sign_out().await?;
        Header(browser).expect_signed_out().await?;
    }
    Ok(())
}

async fn a_crafted_link_does_not_lead_off_the_site(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.account().await?);
    for next in [
        "https://evil.example/",
        "//evil.example",
        "/%5Cevil.example",
        "%2F%2Fevil.example",
        "/%09/evil.example",
        "/.//evil.example",
        "javascript:document.title=1",
        "/protected%2F..%2F..%2F%2Fevil.example",
    ] {
        browser.goto(&format!("/login?next={next}")).await?;
        LoginPage::expect(browser).await?.sign_in(&ada).await?;
        Header(browser).sign_out().await?;
        Header(browser).expect_signed_out().await?;
    }
    Ok(())
}

async fn back_after_signing_out_does_not_show_the_protected_page(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.account().await?);
    LoginPage::open(browser).await?.sign_in(&ada).await?;
    Header(browser).sign_out().await?;
    Header(browser).expect_signed_out().await?;
    browser.back().await?;
    LoginPage::expect(browser).await?;
    browser.see_no("#protected-message").await?;
    Header(browser).expect_signed_out().await
}
