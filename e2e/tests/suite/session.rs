//! How long a session lasts, and what ends it.

use anyhow::{Context as _, ensure};
use hallpass_contract::path;
use hallpass_e2e::pages::{AccountPage, Header, LoginPage, ProtectedPage};
use hallpass_e2e::{Browser, Context, Media, Result, Test, User, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![
        signing_out_in_one_tab_signs_out_the_other.needs_account(),
        a_copy_of_the_token_is_worth_nothing_after_signing_out.needs_account(),
        a_session_outlives_its_access_tokens.server_args(&["--access-ttl", "3s"]),
        a_session_that_is_revoked_ends_while_one_looks_on.server_args(&["--access-ttl", "3s"]),
        a_session_that_was_ended_elsewhere_leads_to_sign_in.needs_users(),
        a_token_that_the_server_does_not_accept_is_replaced.needs_users(),
        no_call_is_refused_while_the_token_is_renewed.server_args(&["--access-ttl", "10s"]),
        where_storage_is_blocked_a_session_lasts_as_long_as_its_page
            .needs_users()
            .media(Media { storage_blocked: true, ..Media::default() }),
    ]
}

/// Where the frontend keeps the access token.
pub(crate) const TOKEN: &str = "hallpass.access_token";

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

async fn a_session_that_was_ended_elsewhere_leads_to_sign_in(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    t.site.sign_in_elsewhere(&ada).await?.delete(path::SESSIONS).await?;
    browser.reload().await?;
    LoginPage::expect(browser).await?;
    browser.see_text("#status", "Your session has ended. Sign in again.").await?;
    Header(browser).expect_signed_out().await?;
    ensure!(browser.stored(TOKEN).await?.is_none(), "the token is still stored");
    Ok(())
}

async fn a_token_that_the_server_does_not_accept_is_replaced(t: &Context) -> Result {
    let ada = t.signed_in().await?;
    replaces_a_forged_token(&t.browser, &ada).await
}

/// Forges the token on the protected page. No server accepts it, so the cookie fetches another one.
pub(crate) async fn replaces_a_forged_token(browser: &Browser, user: &User) -> Result {
    let token = browser.stored(TOKEN).await?.unwrap_or_default();
    let (unsigned, _) = token.rsplit_once('.').context("there is no token")?;
    let forged = format!("{unsigned}.AAAA");
    browser.store(TOKEN, &forged).await?;
    browser.reload().await?;
    ProtectedPage(browser).expect_content_for(&user.name).await?;
    let stored = browser.stored(TOKEN).await?;
    ensure!(stored.is_some_and(|stored| stored != forged), "it is still there");
    Ok(())
}

/// Calls the server all the time, one call after the other, and keeps what came of each.
const CALL_ON: &str = "
    window.outcomes = [];
    (async () => {
        for (;;) {
            const call = hallpass.fetch('/api/verify');
            outcomes.push(await call.then(it => it.status, error => error.name));
            await new Promise(then => setTimeout(then, 20));
        }
    })()";

async fn no_call_is_refused_while_the_token_is_renewed(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    browser.execute(CALL_ON, &[]).await?;
    let count = async || browser.execute("return outcomes.length", &[]).await;
    let renewed = async || {
        let refreshes = t.site.requests("POST /api/refresh")?;
        Ok(refreshes.iter().any(|it| it.status == Some(200)))
    };
    browser.eventually("the token is renewed", renewed).await?;
    // Calls of the page's own, too.
    browser.click("header a[href$='/account']").await?;
    AccountPage(browser).expect_sessions(1).await?;
    let so_far = count().await?.as_u64().unwrap_or_default();
    let goes_on = async || Ok(count().await?.as_u64() > Some(so_far + 5));
    browser.eventually("calls go on with the new token", goes_on).await?;
    let outcomes = browser.execute("return outcomes.filter(it => it !== 200)", &[]).await?;
    ensure!(outcomes == serde_json::json!([]), "calls came to {outcomes}");
    let refused: Vec<_> = ["/api/verify", path::ME, path::SESSIONS, path::PROTECTED]
        .iter()
        .map(|path| t.site.requests(path))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .filter(|it| it.status == Some(401))
        .collect();
    ensure!(refused.is_empty(), "refused: {refused:#?}");
    Header(browser).expect_user(&ada.name).await
}

/// What a page is told that reaches for its storage.
const REACH_FOR_STORAGE: &str =
    "try { return localStorage.length } catch (error) { return error.name }";

async fn where_storage_is_blocked_a_session_lasts_as_long_as_its_page(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.new_user().await?);
    let login = LoginPage::open(browser).await?;
    let outcome = browser.execute(REACH_FOR_STORAGE, &[]).await?;
    ensure!(outcome == "SecurityError", "the storage is not blocked: {outcome}");
    login.sign_in(&ada).await?;
    browser.see_text("#status", "reload").await?;
    browser.click("header a[href$='/account']").await?;
    AccountPage(browser).expect_sessions(1).await?;
    browser.click("header .brand").await?;
    browser.click("[data-view='home'] a[href$='/protected']").await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    Header(browser).sign_out().await?;
    Header(browser).expect_signed_out().await?;
    LoginPage::open(browser).await?.sign_in(&ada).await?;
    browser.reload().await?;
    LoginPage::expect(browser).await?;
    Header(browser).expect_signed_out().await
}
