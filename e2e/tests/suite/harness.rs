//! What the harness promises to those who write tests with it.

use anyhow::ensure;
use hallpass_e2e::pages::{Header, LoginPage, ProtectedPage};
use hallpass_e2e::{Answer, Context, Kind, Media, Result, Test, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_server_comes_back_under_the_same_origin_with_its_data.needs_server(),
        a_held_request_waits_until_it_is_released.needs_server(),
        an_answer_in_the_servers_place_reaches_the_page.needs_server(),
        offline_is_like_a_pulled_plug.needs_server(),
        two_devices_are_two_sessions.needs_account(),
        a_page_can_be_as_small_as_a_phone,
        a_preference_for_dark_and_still_pages_reaches_the_page.media(Media {
            dark: true,
            reduced_motion: true,
            ..Media::default()
        }),
        a_page_without_a_name_for_its_image_is_told,
        a_script_can_come_before_those_of_the_page
            .only_on(Kind::Chromium, "Firefox has no command for it"),
    ]
}

async fn a_server_comes_back_under_the_same_origin_with_its_data(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    t.site.kill().await?;
    t.site.start().await?;
    browser.reload().await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    t.site.expire_tokens_after(3600).await?;
    t.site.rotate_keys().await?;
    browser.reload().await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    t.site.revoke_sessions(&ada).await?;
    browser.reload().await?;
    LoginPage::expect(browser).await?.sign_in(&ada).await
}

async fn a_held_request_waits_until_it_is_released(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.new_user().await?);
    let login = LoginPage::open(browser).await?;
    let held = t.site.hold("POST /api/login")?;
    login.submit_as(&ada).await?;
    held.arrived().await?;
    browser.find("#login-form[aria-busy='true']").await?;
    held.release();
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    let logins = t.site.requests("POST /api/login")?;
    ensure!(logins.len() == 1 && logins[0].authorization().is_none(), "{logins:?}");
    let content = t.site.requests("GET /api/protected")?;
    ensure!(content.iter().all(|request| request.authorization().is_some()), "{content:?}");
    Ok(())
}

async fn an_answer_in_the_servers_place_reaches_the_page(t: &Context) -> Result {
    let ada = t.new_user().await?;
    let login = LoginPage::open(&t.browser).await?;
    let page = Answer::status(502).body("text/html", "<h1>Bad Gateway</h1>");
    t.site.answer("POST /api/login", 1, page)?;
    login.submit_as(&ada).await?;
    t.browser.see("#login-form [role='alert']").await?;
    login.sign_in(&ada).await
}

async fn offline_is_like_a_pulled_plug(t: &Context) -> Result {
    let ada = t.new_user().await?;
    let login = LoginPage::open(&t.browser).await?;
    t.site.go_offline()?;
    login.submit_as(&ada).await?;
    t.browser.see("#login-form [role='alert']").await?;
    t.site.go_online()?;
    login.sign_in(&ada).await
}

async fn two_devices_are_two_sessions(t: &Context) -> Result {
    let (laptop, ada) = (&t.browser, t.account().await?);
    let phone = t.another_browser().await?;
    LoginPage::open(laptop).await?.sign_in(&ada).await?;
    LoginPage::open(&phone).await?.sign_in(&ada).await?;
    Header(&phone).sign_out().await?;
    Header(&phone).expect_signed_out().await?;
    laptop.reload().await?;
    Header(laptop).expect_user(&ada.name).await
}

async fn a_page_can_be_as_small_as_a_phone(t: &Context) -> Result {
    LoginPage::open(&t.browser).await?;
    t.browser.resize(360, 740).await?;
    let size = t.browser.execute("return [innerWidth, innerHeight]", &[]).await?;
    ensure!(size == serde_json::json!([360, 740]), "the page is {size}");
    Header(&t.browser).expect_signed_out().await
}

async fn a_preference_for_dark_and_still_pages_reaches_the_page(t: &Context) -> Result {
    let plain = t.another_browser().await?;
    for (browser, expected) in [(&t.browser, true), (&plain, false)] {
        browser.goto("/").await?;
        for query in ["(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)"] {
            let script = "return matchMedia(arguments[0]).matches";
            let matches = browser.execute(script, &[query.into()]).await?;
            ensure!(matches == expected, "{query} is {matches}");
        }
    }
    Ok(())
}

async fn a_page_without_a_name_for_its_image_is_told(t: &Context) -> Result {
    t.browser.goto("/").await?;
    t.browser.expect_accessible().await?;
    let script = "document.body.append(document.createElement('img'))";
    t.browser.execute(script, &[]).await?;
    let violations = t.browser.accessibility_violations(&[]).await?;
    ensure!(violations.iter().any(|found| found.rule == "image-alt"), "{violations:?}");
    Ok(())
}

async fn a_script_can_come_before_those_of_the_page(t: &Context) -> Result {
    t.browser.on_new_document("Date.now = () => 12345").await?;
    t.browser.goto("/").await?;
    let now = t.browser.execute("return Date.now()", &[]).await?;
    ensure!(now == 12345, "the page's clock says {now}");
    Ok(())
}
