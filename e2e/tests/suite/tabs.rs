//! Several tabs of one browser.

use anyhow::ensure;
use hallpass_e2e::pages::{Header, LoginPage, ProtectedPage};
use hallpass_e2e::{Browser, Context, Result, Test, tests};

use crate::session::TOKEN;

pub(crate) fn tests() -> Vec<Test> {
    tests![
        one_tab_refreshes_for_all.server_args(&["--access-ttl", "6s"]),
        without_locks_two_tabs_that_race_both_stay_signed_in.server_args(&["--access-ttl", "6s"]),
        signing_in_in_one_tab_signs_in_the_other.needs_account(),
        what_is_typed_in_one_tab_survives_a_refresh_in_another.needs_server(),
    ]
}

async fn protected_in_a_second_tab(browser: &Browser, name: &str) -> Result {
    browser.new_tab().await?;
    browser.goto(ProtectedPage::PATH).await?;
    ProtectedPage(browser).expect_content_for(name).await
}

async fn another_token_than(browser: &Browser, before: &Option<String>) -> Result {
    let other = async || {
        let stored = browser.stored(TOKEN).await?;
        Ok(stored.is_some() && stored != *before)
    };
    browser.eventually("the token is another one", other).await
}

/// How many tabs want to refresh while another one does.
const WAITING_FOR_THE_LOCK: &str =
    "navigator.locks.query().then(locks => arguments[0](locks.pending.length))";

async fn one_tab_refreshes_for_all(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let first = browser.window().await?;
    protected_in_a_second_tab(browser, &ada.name).await?;
    let before = browser.stored(TOKEN).await?;
    let held = t.site.hold("POST /api/refresh")?;
    held.arrived().await?;
    let waits = async || Ok(browser.execute_async(WAITING_FOR_THE_LOCK, &[]).await? == 1);
    browser.eventually("the other tab waits for its turn", waits).await?;
    ensure!(held.count() == 1, "both tabs ask");
    held.release();
    another_token_than(browser, &before).await?;
    // The tab that did not ask uses what the other one was given.
    for tab in 0..2 {
        browser.click("header .brand").await?;
        browser.click("[data-view='home'] a[href$='/protected']").await?;
        ProtectedPage(browser).expect_content_for(&ada.name).await?;
        if tab == 0 {
            browser.switch_to(&first).await?;
        }
    }
    let refused = t.site.requests("GET /api/protected")?;
    let refused = refused.iter().filter(|it| it.status == Some(401)).count();
    ensure!(refused == 0, "{refused} requests carried an old token");
    Ok(())
}

/// As in a browser that has no Web Locks.
const NO_LOCKS: &str = "Object.defineProperty(navigator, 'locks', { value: undefined })";

async fn without_locks_two_tabs_that_race_both_stay_signed_in(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    browser.execute(NO_LOCKS, &[]).await?;
    let first = browser.window().await?;
    let held = t.site.hold("POST /api/refresh")?;
    protected_in_a_second_tab(browser, &ada.name).await?;
    browser.execute(NO_LOCKS, &[]).await?;
    let both = async || Ok(held.count() >= 2);
    browser.eventually("both tabs ask at once", both).await?;
    held.release();
    let answered = async || {
        let requests = t.site.requests("POST /api/refresh")?;
        Ok(requests.iter().filter(|it| it.status == Some(200)).count() >= 2)
    };
    browser.eventually("both are answered", answered).await?;
    for tab in 0..2 {
        browser.reload().await?;
        ProtectedPage(browser).expect_content_for(&ada.name).await?;
        if tab == 0 {
            browser.switch_to(&first).await?;
        }
    }
    Ok(())
}

async fn signing_in_in_one_tab_signs_in_the_other(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.account().await?);
    browser.goto("/protected?tab=first").await?;
    LoginPage::expect(browser).await?;
    let first = browser.window().await?;
    browser.new_tab().await?;
    LoginPage::open(browser).await?.sign_in(&ada).await?;
    browser.switch_to(&first).await?;
    browser.expect_path("/protected?tab=first").await?;
    Header(browser).expect_user(&ada.name).await
}

async fn what_is_typed_in_one_tab_survives_a_refresh_in_another(t: &Context) -> Result {
    let browser = &t.browser;
    let ada = t.signed_in().await?;
    browser.goto("/account").await?;
    browser.fill("#password-new", "half a new passw").await?;
    let first = browser.window().await?;
    let before = browser.stored(TOKEN).await?;
    browser.new_tab().await?;
    t.site.answer("GET /api/protected", 1, hallpass_e2e::Answer::status(401))?;
    browser.goto(ProtectedPage::PATH).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    another_token_than(browser, &before).await?;
    browser.switch_to(&first).await?;
    browser.see_value("#password-new", "half a new passw").await?;
    browser.see_text("#password-form [data-hint]", "Long enough").await
}
