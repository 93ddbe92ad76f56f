//! Which requests carry the token, and what happens when it is refused.

use anyhow::ensure;
use hallpass_e2e::pages::{LoginPage, ProtectedPage};
use hallpass_e2e::{Answer, Context, Result, Test, tests};
use serde_json::{Value, json};

use crate::resource::Resource;
use crate::session::TOKEN;

pub(crate) fn tests() -> Vec<Test> {
    tests![
        only_what_needs_it_carries_the_token.needs_server(),
        the_token_goes_to_allowed_origins_and_paths_alone.needs_server(),
        a_token_is_renewed_before_it_ends.server_args(&["--access-ttl", "5s"]),
        a_refused_request_is_repeated_once_after_one_refresh.needs_server(),
        a_request_that_is_refused_again_ends_the_session_and_no_loop.needs_server(),
        requests_that_are_refused_together_share_one_refresh.needs_server(),
        a_busy_server_does_not_end_the_session.server_args(&["--access-ttl", "5s"]),
        what_is_no_token_of_ours_is_dropped.needs_server(),
        a_clock_that_is_wrong_breaks_nothing.needs_server(),
        a_clock_that_is_set_while_signed_in_breaks_nothing.needs_server(),
        a_clock_that_is_set_back_does_not_keep_old_tokens.server_args(&["--access-ttl", "5s"]),
    ]
}

/// Calls these addresses with the token, all at once, and tells what came of each: the status, or
/// an error's name.
const FETCH: &str = "
    const [addresses, done] = arguments;
    const call = address => hallpass.fetch(address).then(it => it.status, error => error.name);
    Promise.all(addresses.map(call)).then(done);
";

async fn fetch(t: &Context, addresses: &[String]) -> Result<Value> {
    t.browser.execute_async(FETCH, &[json!(addresses)]).await
}

async fn only_what_needs_it_carries_the_token(t: &Context) -> Result {
    let ada = t.signed_in().await?;
    t.browser.reload().await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    let token = t.browser.stored(TOKEN).await?.unwrap_or_default();
    let bearer = format!("Bearer {token}");
    let content = t.site.requests("GET /api/protected")?;
    ensure!(!content.is_empty());
    ensure!(content.iter().all(|it| it.authorization() == Some(&bearer)), "{content:#?}");
    for path in ["POST /api/login", "GET /api/config", "GET /", "GET /protected"] {
        let requests = t.site.requests(path)?;
        ensure!(requests.iter().all(|it| it.authorization().is_none()), "{requests:#?}");
    }
    ensure!(!t.site.requests("GET /api/config")?.is_empty());
    Ok(())
}

async fn the_token_goes_to_allowed_origins_and_paths_alone(t: &Context) -> Result {
    let (allowed, other) = (Resource::start().await?, Resource::start().await?);
    let excluded = format!("{}/public/*", allowed.origin);
    let args = ["--token-origin", &allowed.origin, "--no-token-path", &excluded];
    t.site.restart_with(&args).await?;
    t.signed_in().await?;
    let address = |it: &Resource, path: &str| format!("{}{path}", it.origin);
    let addresses =
        [address(&allowed, "/orders"), address(&allowed, "/public/a"), address(&other, "/orders")];
    let outcomes = fetch(t, &addresses).await?;
    ensure!(outcomes == json!([200, 200, "TypeError"]), "{outcomes}");
    let mut calls = allowed.calls();
    calls.sort();
    let token = t.browser.stored(TOKEN).await?.unwrap_or_default();
    let expected =
        [("/orders".to_owned(), Some(format!("Bearer {token}"))), ("/public/a".to_owned(), None)];
    ensure!(calls == expected, "{calls:#?}");
    ensure!(other.calls().is_empty(), "the content security policy has a hole");
    Ok(())
}

async fn a_token_is_renewed_before_it_ends(t: &Context) -> Result {
    let ada = t.signed_in().await?;
    let renewed = async || Ok(t.site.requests("POST /api/refresh")?.len() >= 2);
    t.browser.eventually("the token is renewed twice", renewed).await?;
    t.browser.click("header .brand").await?;
    t.browser.click("[data-view='home'] a[href$='/protected']").await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    let refused = t.site.requests("/api/protected")?;
    let refused = refused.iter().filter(|it| it.status == Some(401)).count();
    ensure!(refused == 0, "{refused} requests went out with a token that had ended");
    Ok(())
}

async fn a_refused_request_is_repeated_once_after_one_refresh(t: &Context) -> Result {
    let ada = t.signed_in().await?;
    let before = t.site.requests("GET /api/protected")?.len();
    t.site.answer("GET /api/protected", 1, Answer::status(401))?;
    t.browser.reload().await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    let asked = t.site.requests("GET /api/protected")?.split_off(before);
    ensure!(asked.len() == 2, "{asked:#?}");
    ensure!(asked[0].authorization() != asked[1].authorization(), "with the same token");
    ensure!(t.site.requests("POST /api/refresh")?.len() == 1);
    Ok(())
}

async fn a_request_that_is_refused_again_ends_the_session_and_no_loop(t: &Context) -> Result {
    t.signed_in().await?;
    let before = t.site.requests("GET /api/protected")?.len();
    t.site.answer("GET /api/protected", 50, Answer::status(401))?;
    t.browser.reload().await?;
    LoginPage::expect(&t.browser).await?;
    t.browser.see_text("#status", "Your session has ended").await?;
    ensure!(t.browser.stored(TOKEN).await?.is_none(), "the token is still stored");
    let asked = t.site.requests("GET /api/protected")?.len() - before;
    let refreshed = t.site.requests("POST /api/refresh")?.len();
    ensure!((asked, refreshed) == (2, 1), "asked {asked} times, refreshed {refreshed} times");
    Ok(())
}

async fn requests_that_are_refused_together_share_one_refresh(t: &Context) -> Result {
    t.signed_in().await?;
    t.site.answer("GET /api/verify", 5, Answer::status(401))?;
    let outcomes = fetch(t, &vec!["/api/verify".to_owned(); 5]).await?;
    ensure!(outcomes == json!([200, 200, 200, 200, 200]), "{outcomes}");
    let refreshed = t.site.requests("POST /api/refresh")?.len();
    ensure!(refreshed == 1, "refreshed {refreshed} times");
    ensure!(t.site.requests("GET /api/verify")?.len() == 10);
    Ok(())
}

async fn a_busy_server_does_not_end_the_session(t: &Context) -> Result {
    let ada = t.signed_in().await?;
    let first = t.browser.stored(TOKEN).await?;
    t.site.answer("POST /api/refresh", 1, Answer::status(503).retry_after(1))?;
    let renewed = async || {
        let stored = t.browser.stored(TOKEN).await?;
        Ok(stored.is_some() && stored != first)
    };
    t.browser.eventually("the token is renewed by a second try", renewed).await?;
    t.browser.reload().await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await
}

/// An unsigned token with these claims.
const FORGE: &str = "
    const part = value => btoa(JSON.stringify(value)).replace(/=+$/, '');
    return `${part({ alg: 'EdDSA', typ: 'at+jwt' })}.${part(arguments[0])}.c2ln`;
";

async fn what_is_no_token_of_ours_is_dropped(t: &Context) -> Result {
    let browser = &t.browser;
    browser.goto("/").await?;
    let mut texts = vec!["garbage", "a.b.c", "null", "{}", "..."].into_iter().map(str::to_owned);
    let claims = json!({"sub": "x", "sid": "y", "username": "mallory", "iat": 1_790_000_000});
    let mut eternal = claims.clone();
    eternal["exp"] = json!(9_007_199_254_740_991_i64);
    let mut without_end = claims;
    without_end["exp"] = Value::Null;
    let foreign = json!({"sub": "x", "iss": "https://elsewhere.example", "exp": 1_990_000_000});
    let mut all: Vec<String> = texts.by_ref().collect();
    for claims in [eternal, without_end, foreign] {
        all.push(browser.execute(FORGE, &[claims]).await?.as_str().unwrap_or_default().to_owned());
    }
    for text in all {
        browser.store(TOKEN, &text).await?;
        browser.goto(ProtectedPage::PATH).await?;
        LoginPage::expect(browser).await?;
        ensure!(browser.stored(TOKEN).await?.is_none(), "{text} is still stored");
    }
    let sent = t.site.requests("GET /api/protected")?.len();
    let refreshed = t.site.requests("POST /api/refresh")?.len();
    ensure!((sent, refreshed) == (0, 0), "the server was asked about them");
    LoginPage::expect(browser).await?.sign_in(&t.new_user().await?).await
}

/// Sets the device's clock, for the page, by so many milliseconds.
const SET_CLOCK: &str = "
    const now = Date.now.bind(Date), off = arguments[0];
    Date.now = () => now() + off;
";

const TWENTY_MINUTES: i64 = 20 * 60 * 1000;

async fn a_clock_that_is_wrong_breaks_nothing(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.new_user().await?);
    for off in [TWENTY_MINUTES, -TWENTY_MINUTES] {
        let login = LoginPage::open(browser).await?;
        browser.execute(SET_CLOCK, &[off.into()]).await?;
        login.sign_in(&ada).await?;
        browser.click("header .brand").await?;
        browser.click("[data-view='home'] a[href$='/account']").await?;
        browser.see("[data-list='sessions'] > [data-id]").await?;
        browser.click("header [data-action='sign-out']").await?;
        browser.see_text("#status", "signed out").await?;
    }
    let refreshed = t.site.requests("POST /api/refresh")?.len();
    ensure!(refreshed == 0, "refreshed {refreshed} times");
    Ok(())
}

async fn a_clock_that_is_set_while_signed_in_breaks_nothing(t: &Context) -> Result {
    let ada = t.signed_in().await?;
    let browser = &t.browser;
    for off in [TWENTY_MINUTES, -2 * TWENTY_MINUTES] {
        browser.execute(SET_CLOCK, &[off.into()]).await?;
        browser.click("header .brand").await?;
        browser.click("[data-view='home'] a[href$='/protected']").await?;
        ProtectedPage(browser).expect_content_for(&ada.name).await?;
    }
    let refreshed = t.site.requests("POST /api/refresh")?.len();
    ensure!(refreshed <= 2, "refreshed {refreshed} times");
    Ok(())
}

async fn a_clock_that_is_set_back_does_not_keep_old_tokens(t: &Context) -> Result {
    let ada = t.signed_in().await?;
    let browser = &t.browser;
    browser.execute(SET_CLOCK, &[(-TWENTY_MINUTES).into()]).await?;
    browser.click("header .brand").await?;
    browser.click("[data-view='home'] a[href$='/protected']").await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    let before = t.site.requests("POST /api/refresh")?.len();
    let renewed = async || Ok(t.site.requests("POST /api/refresh")?.len() > before);
    browser.eventually("the token is renewed in its own time", renewed).await
}
