//! A server below a path of its host, beside others.

use anyhow::{Context as _, ensure};
use hallpass_contract::{REFRESH_COOKIE_BELOW, page, path};
use hallpass_e2e::pages::{AccountPage, AdminPage, Header, LoginPage, ProtectedPage, RegisterPage};
use hallpass_e2e::{Answer, Context, Result, Test, User, tests};
use serde_json::json;

use crate::required_factor::{self, ALL};
use crate::session::TOKEN;
use crate::{passkeys, second_factor};

const BASE: &str = "/auth";

/// What a script adds to the account page.
const LOADED_LATER: &str = "[data-view='account'] [data-do='add-totp']";

pub(crate) fn tests() -> Vec<Test> {
    tests![
        the_whole_way_is_below_the_path.below(BASE),
        a_sign_in_may_lead_to_a_neighbour.below(BASE),
        neighbours_have_neither_the_cookie_nor_the_keys.below(BASE),
        what_is_loaded_later_is_found_there.below(BASE),
        the_documents_are_below_the_path.below(BASE),
        a_passkey_signs_in_there.below(BASE),
        an_app_is_the_second_step_there.below(BASE),
        a_second_factor_is_set_up_there.server_args(ALL).below(BASE),
    ]
}

/// Of browsers, and not below the path.
async fn requests_beside(t: &Context) -> Result<Vec<String>> {
    let origin = t.site.url().strip_suffix(BASE).context("it is below")?;
    let script = "return performance.getEntriesByType('resource').map((entry) => entry.name)";
    let loaded = t.browser.execute(script, &[]).await?;
    let loaded = loaded.as_array().context("a list")?.iter().filter_map(|url| url.as_str());
    let ours = [origin, BASE, "/"].concat();
    Ok(loaded.filter(|url| !url.starts_with(&ours)).map(str::to_owned).collect())
}

async fn the_whole_way_is_below_the_path(t: &Context) -> Result {
    let ada = User::invent();
    // The guard sends to the sign-in page, and that leads to the registration and back.
    t.browser.goto(ProtectedPage::PATH).await?;
    LoginPage::expect(&t.browser).await?;
    ensure!(t.browser.path().await? == "/login?next=%2Fauth%2Fprotected");
    t.browser.click("[data-view='login'] [data-link='register']").await?;
    RegisterPage::expect(&t.browser).await?.submit_as(&ada).await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    ensure!(t.browser.path().await? == page::PROTECTED);
    // A deep page, loaded anew with the session.
    t.browser.goto(AccountPage::PATH).await?;
    t.browser.see(LOADED_LATER).await?;
    t.browser.reload().await?;
    t.browser.see(LOADED_LATER).await?;
    AccountPage(&t.browser).expect_sessions(1).await?;
    t.browser.click(".brand").await?;
    t.browser.see("[data-view='home'] [data-show='signed-in']").await?;
    ensure!(t.browser.path().await? == page::HOME);
    Header(&t.browser).sign_out().await?;
    Header(&t.browser).expect_signed_out().await?;
    ensure!(t.browser.path().await? == page::HOME);
    let beside = requests_beside(t).await?;
    ensure!(beside.is_empty(), "{beside:?}");
    let said = t.browser.console().await?;
    ensure!(said.is_empty(), "{said:?}");
    Ok(())
}

async fn a_sign_in_may_lead_to_a_neighbour(t: &Context) -> Result {
    let wiki = || Answer::status(200).body("text/html", "<!doctype html><p id=wiki>Wiki</p>");
    t.site.answer("GET /wiki", 1, wiki())?;
    let ada = t.new_user().await?;
    t.browser.goto("/login?next=/wiki").await?;
    LoginPage::expect(&t.browser).await?.submit_as(&ada).await?;
    t.browser.see_text("#wiki", "Wiki").await?;
    let url = t.browser.client().current_url().await?;
    ensure!(url.path() == "/wiki", "{url}");
    Ok(())
}

async fn neighbours_have_neither_the_cookie_nor_the_keys(t: &Context) -> Result {
    t.signed_in().await?;
    let cookie = t.browser.client().get_named_cookie(REFRESH_COOKIE_BELOW).await?;
    ensure!(cookie.path() == Some(BASE), "{cookie:?}");
    let keys = t.browser.execute("return Object.keys(localStorage)", &[]).await?;
    let keys = keys.as_array().context("a list")?;
    ensure!(keys.contains(&json!([TOKEN, BASE].concat())), "{keys:?}");
    let is_ours = |key: &serde_json::Value| key.as_str().is_some_and(|key| key.ends_with(BASE));
    ensure!(keys.iter().all(is_ours), "{keys:?}");
    // A neighbour's token is not this server's, and signing out leaves it alone.
    t.browser.store(TOKEN, "a neighbour's").await?;
    t.browser.reload().await?;
    // The neighbour gets no cookie.
    t.browser.execute("return fetch('/wiki').then(() => null)", &[]).await?;
    let asked = t.site.requests("GET /wiki")?;
    ensure!(asked.len() == 1 && !asked[0].headers.contains_key("cookie"), "{asked:?}");
    Header(&t.browser).sign_out().await?;
    Header(&t.browser).expect_signed_out().await?;
    ensure!(t.browser.stored(TOKEN).await?.as_deref() == Some("a neighbour's"));
    Ok(())
}

/// Scripts that only some people need, and what they ask for.
async fn what_is_loaded_later_is_found_there(t: &Context) -> Result {
    let root = t.admin().await?;
    LoginPage::open(&t.browser).await?.sign_in(&root).await?;
    AccountPage::open(&t.browser).await?;
    t.browser.see(LOADED_LATER).await?;
    t.browser.goto(AdminPage::PATH).await?;
    t.browser.see("[data-view='admin'] [data-key][data-signs]").await?;
    t.browser.fill("[data-view='admin'] [name='search']", &root.name).await?;
    t.browser.click("[data-form='search'] [type='submit']").await?;
    let searched = [page::ADMIN, "?search=", &root.name].concat();
    let is_there = async || Ok(t.browser.path().await? == searched);
    t.browser.eventually("the search has an address", is_there).await?;
    let beside = requests_beside(t).await?;
    ensure!(beside.is_empty(), "{beside:?}");
    let said = t.browser.console().await?;
    ensure!(said.is_empty(), "{said:?}");
    Ok(())
}

async fn the_documents_are_below_the_path(t: &Context) -> Result {
    t.browser.visit(path::DOCS).await?;
    t.browser.see_text("header h1", "Hallpass API").await?;
    let rules = "return document.styleSheets[0].cssRules.length > 0";
    ensure!(t.browser.execute(rules, &[]).await? == true, "the page has its style");
    t.browser.click("header a").await?;
    t.browser.see("[data-view='home']").await?;
    ensure!(t.browser.path().await? == page::HOME);
    Ok(())
}

async fn a_passkey_signs_in_there(t: &Context) -> Result {
    passkeys::a_passkey_signs_in_with_and_without_a_username(t).await
}

async fn an_app_is_the_second_step_there(t: &Context) -> Result {
    second_factor::a_code_of_the_app_completes_a_sign_in(t).await
}

async fn a_second_factor_is_set_up_there(t: &Context) -> Result {
    required_factor::a_fresh_account_sets_up_an_app_and_is_in(t).await
}
