//! How long a session lasts, and what ends it.

use anyhow::ensure;
use hallpass_e2e::pages::{Header, LoginPage, ProtectedPage};
use hallpass_e2e::{Context, Result, Test, tests};

pub fn tests() -> Vec<Test> {
    tests![
        signing_out_in_one_tab_signs_out_the_other.needs_account(),
        a_copy_of_the_token_is_worth_nothing_after_signing_out.needs_account(),
        a_session_outlives_its_access_tokens.server_args(&["--access-ttl", "3s"]),
        a_session_that_is_revoked_ends_while_one_looks_on.server_args(&["--access-ttl", "3s"]),
        a_session_that_was_ended_elsewhere_leads_to_sign_in.needs_users(),
        a_token_that_the_server_does_not_accept_is_replaced.needs_users(),
    ]
}

/// Where the frontend keeps the access token.
pub const TOKEN: &str = "hallpass.access_token";

async fn signing_out_in_one_tab_signs_out_the_other(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.account().await?);
    LoginPage::open(browser).await?.sign_in(&ada).await?;
    let first = browser.window().await?;
    browser.new_tab().await?;
    browser.goto(ProtectedPage::PATH).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    Header(browser).sign_out().await?;
    Header(browser).expect_signed_out().await?;

    browser.switch_to(&first).await?;
    Header(browser).expect_signed_out().await?;
    browser.see_no("#protected-message").await
}

/// Asks the server about a token, with nothing else that the browser knows.
const VERIFY: &str = "
    const [token, done] = arguments;
    const headers = { Authorization: `Bearer ${token}` };
    fetch('/api/verify', { headers, credentials: 'omit' })
        .then(response => done(response.status), () => done(0));
";

async fn a_copy_of_the_token_is_worth_nothing_after_signing_out(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.account().await?);
    LoginPage::open(browser).await?.sign_in(&ada).await?;
    let copy = browser.stored(TOKEN).await?.unwrap_or_default();
    let verify = async || browser.execute_async(VERIFY, &[copy.as_str().into()]).await;
    ensure!(verify().await? == 200, "the copy is no good from the start");
    Header(browser).sign_out().await?;
    let refused = async || Ok(verify().await? == 401);
    browser.eventually("the server refuses the copy", refused).await
}

async fn a_session_outlives_its_access_tokens(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let first = browser.stored(TOKEN).await?;
    let renewed = async || {
        let stored = browser.stored(TOKEN).await?;
        Ok(stored.is_some() && stored != first)
    };
    browser.eventually("the token is renewed by itself", renewed).await?;
    browser.reload().await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await
}

async fn a_session_that_is_revoked_ends_while_one_looks_on(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    t.site.revoke_sessions(&ada).await?;
    LoginPage::expect(browser).await?;
    browser.expect_path("/login?next=%2Fprotected").await?;
    browser.see_text("#status", "Your session has ended. Sign in again.").await?;
    browser.see_no("#protected-message").await?;
    LoginPage::expect(browser).await?.sign_in(&ada).await
}

/// Signs in beside the browser's session, and ends all sessions but that one.
const END_OTHER_SESSIONS: &str = "
    const [username, password, done] = arguments;
    const options = { method: 'POST', credentials: 'omit' };
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ username, password });
    fetch('/api/login', { ...options, headers, body })
        .then(response => response.json())
        .then(({ access_token }) => fetch('/api/me/sessions', {
            ...options, method: 'DELETE', headers: { Authorization: `Bearer ${access_token}` },
        }))
        .then(response => done(response.status), () => done(0));
";

async fn a_session_that_was_ended_elsewhere_leads_to_sign_in(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let credentials = [ada.name.as_str().into(), ada.password.expose().into()];
    let status = browser.execute_async(END_OTHER_SESSIONS, &credentials).await?;
    ensure!(status == 204, "the sessions could not be ended: {status}");
    browser.reload().await?;
    LoginPage::expect(browser).await?;
    browser.see_text("#status", "Your session has ended. Sign in again.").await?;
    Header(browser).expect_signed_out().await?;
    ensure!(browser.stored(TOKEN).await?.is_none(), "the token is still stored");
    Ok(())
}

async fn a_token_that_the_server_does_not_accept_is_replaced(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let token = browser.stored(TOKEN).await?.unwrap_or_default();
    let (unsigned, _) = token.rsplit_once('.').unwrap_or_default();
    let forged = format!("{unsigned}.AAAA");
    browser.store(TOKEN, &forged).await?;
    browser.reload().await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    let stored = browser.stored(TOKEN).await?;
    ensure!(stored.is_some_and(|stored| stored != forged), "it is still there");
    Ok(())
}
