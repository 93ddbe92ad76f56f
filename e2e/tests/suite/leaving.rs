//! Sign-outs that nobody waits for, browsers that keep nothing, and sign-ins on the way to pages
//! that are not the frontend's.

use anyhow::ensure;
use hallpass_e2e::pages::{Header, LoginPage, ProtectedPage};
use hallpass_e2e::{Browser, Context, Media, PLAIN_HOST, Result, Test, User, tests};

pub(crate) fn tests() -> Vec<Test> {
    let blocked = Media { storage_blocked: true, ..Media::default() };
    tests![
        a_sign_out_outlives_its_tab.needs_server(),
        a_sign_out_outlives_its_page.needs_server(),
        a_sign_out_made_offline_is_sent_when_the_network_is_back.needs_server(),
        a_sign_out_made_offline_is_sent_by_the_next_page.needs_server(),
        a_late_sign_out_does_not_end_a_later_session.needs_server(),
        plain_http_from_elsewhere_is_told_at_the_sign_in.needs_server(),
        a_browser_that_stores_nothing_is_told_at_the_sign_in.media(blocked).needs_server(),
        a_form_is_there_early_where_nothing_is_stored.needs_server(),
        a_return_path_to_the_servers_own_page_is_loaded.needs_account(),
        a_return_path_keeps_its_query_and_its_fragment.needs_account(),
    ]
}

const LOGOUT: &str = "POST /api/logout";

/// Waits until the server has ended the one session of the user.
async fn expect_no_session(t: &Context, ada: &User) -> Result {
    let ended = async || {
        let answered = t.site.requests(LOGOUT)?;
        Ok(answered.iter().any(|request| request.status == Some(204)))
    };
    t.browser.eventually("the server has heard of the sign-out", ended).await?;
    // Another device sees the list of sessions: its own is the only one.
    let phone = t.another_browser().await?;
    LoginPage::open(&phone).await?.sign_in(ada).await?;
    hallpass_e2e::pages::AccountPage::open(&phone).await?.expect_sessions(1).await
}

async fn a_sign_out_outlives_its_tab(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let first = browser.window().await?;
    browser.new_tab().await?;
    browser.goto(ProtectedPage::PATH).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    let held = t.site.hold(LOGOUT)?;
    Header(browser).sign_out().await?;
    browser.close_tab().await?;
    browser.switch_to(&first).await?;
    held.arrived().await?;
    held.release();
    expect_no_session(t, &ada).await
}

async fn a_sign_out_outlives_its_page(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let held = t.site.hold(LOGOUT)?;
    let script = "
        document.querySelector('header [data-action=sign-out]').click();
        location.href = 'about:blank';";
    browser.execute(script, &[]).await?;
    held.arrived().await?;
    held.release();
    expect_no_session(t, &ada).await
}

/// Where the frontend notes that it owes the server a sign-out.
const OWED: &str = "hallpass.sign_out_owed";

async fn sign_out_offline(t: &Context) -> Result<User> {
    let ada = t.signed_in().await?;
    let token = t.browser.stored(crate::session::TOKEN).await?.unwrap_or_default();
    t.site.go_offline()?;
    Header(&t.browser).sign_out().await?;
    t.browser.see_text("#status", "The server could not be told yet").await?;
    let all = t.browser.execute("return JSON.stringify({...localStorage})", &[]).await?;
    ensure!(!all.to_string().contains(&token), "the token is still stored: {all}");
    Ok(ada)
}

async fn a_sign_out_made_offline_is_sent_when_the_network_is_back(t: &Context) -> Result {
    let ada = sign_out_offline(t).await?;
    t.site.go_online()?;
    t.browser.execute("dispatchEvent(new Event('online'))", &[]).await?;
    t.browser.see_text("#status", "You are signed out.").await?;
    expect_no_session(t, &ada).await
}

async fn a_sign_out_made_offline_is_sent_by_the_next_page(t: &Context) -> Result {
    let ada = sign_out_offline(t).await?;
    // The page with the token in its memory is gone.
    t.browser.client().goto("about:blank").await?;
    t.site.go_online()?;
    t.browser.goto("/").await?;
    expect_no_session(t, &ada).await?;
    ensure!(t.browser.stored(OWED).await?.is_none(), "it is still owed");
    Ok(())
}

async fn a_late_sign_out_does_not_end_a_later_session(t: &Context) -> Result {
    let ada = sign_out_offline(t).await?;
    let bob = t.new_user().await?;
    t.browser.client().goto("about:blank").await?;
    t.site.go_online()?;
    LoginPage::open(&t.browser).await?.sign_in(&bob).await?;
    t.browser.execute("dispatchEvent(new Event('online'))", &[]).await?;
    // The cookie is the new session's, and still good.
    t.site.expire_tokens_after(3).await?;
    let script = "localStorage.removeItem('hallpass.clock_offset')";
    t.browser.execute(script, &[]).await?;
    t.browser.reload().await?;
    ProtectedPage(&t.browser).expect_content_for(&bob.name).await?;
    let renewed = "
        const done = arguments[0];
        fetch('/api/refresh', { method: 'POST' }).then(({ status }) => done(status));";
    let status = t.browser.execute_async(renewed, &[]).await?;
    ensure!(status == 200, "the session can't be renewed: {status}");
    expect_no_session(t, &ada).await
}

/// Loads a page of the site under a host name that browsers do not trust.
async fn visit_plainly(t: &Context, path: &str) -> Result {
    let port = t.site.url().rsplit(':').next().unwrap_or_default();
    t.browser.client().goto(&format!("http://{PLAIN_HOST}:{port}{path}")).await?;
    t.browser.find("html[data-app='ready']").await?;
    Ok(())
}

async fn fill_in(browser: &Browser, form: &str, user: &User) -> Result {
    browser.fill(&format!("{form} [name='username']"), &user.name).await?;
    browser.fill(&format!("{form} [name='password']"), user.password.expose()).await?;
    browser.click(&format!("{form} [type='submit']")).await
}

async fn plain_http_from_elsewhere_is_told_at_the_sign_in(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.new_user().await?);
    browser.goto("/login").await?;
    browser.see_no("[data-view='login'] .warning").await?;
    visit_plainly(t, "/login").await?;
    browser.see_text("[data-view='login'] .warning", "plain http").await?;
    fill_in(browser, "#login-form", &ada).await?;
    browser.see_text("#protected-message", &ada.name).await?;
    browser.see_text("#status", "for 15 minutes").await?;
    // What it says is true.
    browser.execute("localStorage.removeItem('hallpass.access_token')", &[]).await?;
    let script = "
        const done = arguments[0];
        fetch('/api/refresh', { method: 'POST' }).then(({ status }) => done(status));";
    let status = browser.execute_async(script, &[]).await?;
    ensure!(status == 401, "the browser has kept the cookie: {status}");
    Ok(())
}

async fn a_browser_that_stores_nothing_is_told_at_the_sign_in(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.new_user().await?);
    browser.goto("/login").await?;
    let blocked = "try { localStorage.getItem('x'); return 'kept' } catch { return 'blocked' }";
    ensure!(browser.execute(blocked, &[]).await? == "blocked", "storage is not blocked");
    browser.see_text("[data-view='login'] .warning", "no cookies").await?;
    fill_in(browser, "#login-form", &ada).await?;
    browser.see_text("#protected-message", &ada.name).await?;
    browser.see_text("#status", "on this page alone").await?;
    browser.click("header a[href$='/account']").await?;
    browser.see("[data-view='account'] [data-show='sessions']").await?;
    browser.reload().await?;
    browser.see("#login-form").await.map(drop)
}

/// Where the page says that the module is.
const MODULE: &str = "return new URL(document.querySelector('link[as=fetch]').href).pathname";

async fn a_form_is_there_early_where_nothing_is_stored(t: &Context) -> Result {
    t.browser.goto("/").await?;
    let module = t.browser.execute(MODULE, &[]).await?;
    let held = t.site.hold(module.as_str().unwrap_or_default())?;
    let media = Media { storage_blocked: true, ..Media::default() };
    let browser = t.another_browser_with(media).await?;
    browser.visit("/login").await?;
    held.arrived().await?;
    browser.see("html[data-app='loading'] #login-form [name='username']").await?;
    held.release();
    browser.find("html[data-app='ready']").await.map(drop)
}

async fn a_return_path_to_the_servers_own_page_is_loaded(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.account().await?);
    for signed_in in [false, true] {
        browser.goto("/").await?;
        browser.visit("/login?next=%2Fdocs%3Fa%3D1%26b%3D2%23part").await?;
        if !signed_in {
            browser.see("#login-form").await?;
            fill_in(browser, "#login-form", &ada).await?;
        }
        let script = "
            const ours = document.querySelector('[data-view]') !== null;
            return !ours && location.pathname + location.search + location.hash";
        let loaded = async || Ok(browser.execute(script, &[]).await? == "/docs?a=1&b=2#part");
        browser.eventually("the page is the server's", loaded).await?;
    }
    Ok(())
}

async fn a_return_path_keeps_its_query_and_its_fragment(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.account().await?);
    browser.goto("/account?a=1&b=2#password-title").await?;
    fill_in(browser, "#login-form", &ada).await?;
    browser.see("[data-view='account']").await?;
    browser.expect_path("/account?a=1&b=2#password-title").await
}
