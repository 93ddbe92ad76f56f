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

/// Asks the server about a token, with nothing else that the browser knows.
const VERIFY: &str = "
    const [token, done] = arguments;
    const headers = { Authorization: `Bearer ${token}` };
    fetch('/api/verify', { headers, credentials: 'omit' })
        .then(response => done(response.status), () => done(0));
";

#[tokio::test]
async fn a_copy_of_the_token_is_worth_nothing_after_signing_out() {
    Scenario::new("a_copy_of_the_token_is_worth_nothing_after_signing_out")
        .run(async |browser| {
            registered(browser).await?;
            let copy = browser.stored(TOKEN).await?.unwrap_or_default();
            let verify = async || {
                let status = browser.client().execute_async(VERIFY, vec![copy.clone().into()]);
                anyhow::Ok(status.await?)
            };
            anyhow::ensure!(verify().await? == 200, "the copy is no good from the start");
            Header(browser).sign_out().await?;
            let refused = async || Ok(verify().await? == 401);
            browser.eventually("the server refuses the copy", refused).await
        })
        .await;
}

#[tokio::test]
async fn a_session_outlives_its_access_tokens() {
    Scenario::new("a_session_outlives_its_access_tokens")
        .with_server_args(&["--access-ttl", "3s"])
        .run(async |browser| {
            let username = registered(browser).await?;
            let first = browser.stored(TOKEN).await?;
            let renewed = async || {
                let stored = browser.stored(TOKEN).await?;
                Ok(stored.is_some() && stored != first)
            };
            browser.eventually("the token is renewed by itself", renewed).await?;
            browser.reload().await?;
            ProtectedPage(browser).expect_content_for(&username).await
        })
        .await;
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

#[tokio::test]
async fn a_session_that_was_ended_elsewhere_leads_to_sign_in() {
    Scenario::new("a_session_that_was_ended_elsewhere_leads_to_sign_in")
        .run(async |browser| {
            let username = registered(browser).await?;
            let credentials = vec![username.into(), crate::PASSWORD.into()];
            let status = browser.client().execute_async(END_OTHER_SESSIONS, credentials).await?;
            anyhow::ensure!(status == 204, "the sessions could not be ended: {status}");
            browser.reload().await?;
            LoginPage::expect(browser).await?;
            browser.see_text("#status", "Your session has ended. Sign in again.").await?;
            Header(browser).expect_signed_out().await?;
            anyhow::ensure!(browser.stored(TOKEN).await?.is_none(), "the token is still stored");
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn a_token_that_the_server_does_not_accept_is_replaced() {
    Scenario::new("a_token_that_the_server_does_not_accept_is_replaced")
        .run(async |browser| {
            let username = registered(browser).await?;
            let token = browser.stored(TOKEN).await?.unwrap_or_default();
            let (unsigned, _) = token.rsplit_once('.').unwrap_or_default();
            let forged = format!("{unsigned}.AAAA");
            let script = "localStorage.setItem(arguments[0], arguments[1])";
            let client = browser.client();
            client.execute(script, vec![TOKEN.into(), forged.clone().into()]).await?;
            browser.reload().await?;
            ProtectedPage(browser).expect_content_for(&username).await?;
            let stored = browser.stored(TOKEN).await?;
            anyhow::ensure!(stored.is_some_and(|stored| stored != forged), "it is still there");
            Ok(())
        })
        .await;
}
