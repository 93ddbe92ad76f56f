//! Takes the pictures of web/README.md, into the directory that HALLPASS_E2E_PICTURES names:
//!
//! ```sh
//! HALLPASS_E2E_PICTURES=web/screenshots cargo run -p hallpass-e2e --example screenshots -- --browser chromium
//! ```

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use anyhow::Context as _;
use hallpass_e2e::pages::{
    AccountPage, AdminPage, FreshnessPrompt, LoginPage, ProtectedPage, RegisterPage, ResetPage,
    SecondStep, Security, SetUp,
};
use hallpass_e2e::{Context, Media, PASSWORD, Result, User, tests};

/// A login is too old after a second, so that the prompt is seen.
const FRESH: &[&str] = &["--fresh-for", "1s"];

/// Everybody must have a second factor.
const REQUIRED: &[&str] = &["--require-second-factor", "all"];

fn main() -> ExitCode {
    let dark = Media { dark: true, ..Media::default() };
    hallpass_e2e::run(tests![
        light.server_args(FRESH),
        dark_ones.server_args(FRESH).media(dark),
        phone.server_args(FRESH),
        required_light.server_args(REQUIRED),
        required_dark.server_args(REQUIRED).media(dark),
        required_phone.server_args(REQUIRED),
    ])
}

async fn light(t: &Context) -> Result {
    t.browser.resize(800, 640).await?;
    all(t, "light").await
}

async fn dark_ones(t: &Context) -> Result {
    t.browser.resize(800, 640).await?;
    all(t, "dark").await
}

async fn phone(t: &Context) -> Result {
    t.browser.resize(375, 667).await?;
    all(t, "phone").await
}

async fn required_light(t: &Context) -> Result {
    t.browser.resize(800, 640).await?;
    required(t, "light").await
}

async fn required_dark(t: &Context) -> Result {
    t.browser.resize(800, 640).await?;
    required(t, "dark").await
}

async fn required_phone(t: &Context) -> Result {
    t.browser.resize(375, 667).await?;
    required(t, "phone").await
}

async fn required(t: &Context, look: &str) -> Result {
    let dora = User::new("dora", PASSWORD);
    t.site.add_user(dora.clone()).await?;
    LoginPage::open(&t.browser).await?.submit_as(&dora).await?;
    let setup = SetUp::expect(&t.browser).await?;
    setup.expect_text("Set up an app").await?;
    picture(t, "setup", look).await?;
    setup.press("add-totp").await?;
    setup.scan().await?;
    picture(t, "setup-app", look).await
}

async fn all(t: &Context, look: &str) -> Result {
    visitor(t, look).await?;
    let (ada, bob) = (User::new("ada", PASSWORD), User::new("bob", PASSWORD));
    t.site.add_user(bob.clone()).await?;
    let browser = &t.browser;
    LoginPage::open(browser).await?.sign_in(&bob).await?;
    browser.goto(AdminPage::PATH).await?;
    browser.see("[data-view='forbidden']").await?;
    picture(t, "forbidden", look).await?;
    browser.click("header [data-action='sign-out']").await?;
    t.site.add_admin(&ada).await?;
    LoginPage::open(browser).await?.sign_in(&ada).await?;
    picture(t, "protected", look).await?;
    browser.goto("/").await?;
    picture(t, "home-signed-in", look).await?;
    AdminPage::open(browser).await?.row("bob").await?;
    picture(t, "admin", look).await?;
    AccountPage::open(browser).await?;
    picture(t, "account", look).await?;
    second_factor(t, look).await?;
    let account = AccountPage::open(browser).await?;
    let signed_in = Instant::now();
    let old = async || Ok(signed_in.elapsed().as_secs() >= 2);
    browser.eventually("the login is too old", old).await?;
    account.delete("ada").await?;
    FreshnessPrompt::expect(browser).await?;
    picture(t, "freshness", look).await
}

/// Whoever has seen all of it is signed in again, without a second factor.
async fn second_factor(t: &Context, look: &str) -> Result {
    let browser = &t.browser;
    let carol = User::new("carol", PASSWORD);
    t.site.add_user(carol.clone()).await?;
    browser.click("header [data-action='sign-out']").await?;
    LoginPage::open(browser).await?.sign_in(&carol).await?;
    let security = Security::open(browser).await?;
    security.press("add-totp").await?;
    let app = security.scan().await?;
    show(t, "[aria-labelledby='security-title']").await?;
    picture(t, "security-app", look).await?;
    security.confirm(&app.code(0)?).await?;
    security.codes().await?;
    show(t, "[aria-labelledby='security-title']").await?;
    picture(t, "security-codes", look).await?;
    browser.click("header [data-action='sign-out']").await?;
    LoginPage::open(browser).await?.submit_as(&carol).await?;
    let step = SecondStep::expect(browser).await?;
    picture(t, "second-step", look).await?;
    step.enter(&app.code(1)?).await?;
    ProtectedPage(browser).expect_content_for("carol").await?;
    browser.click("header [data-action='sign-out']").await?;
    LoginPage::open(browser).await?.sign_in(&User::new("ada", PASSWORD)).await
}

/// Scrolls until this stands at the top.
async fn show(t: &Context, css: &str) -> Result {
    let script = "document.querySelector(arguments[0]).scrollIntoView()";
    t.browser.execute(script, &[css.into()]).await.map(drop)
}

async fn visitor(t: &Context, look: &str) -> Result {
    let browser = &t.browser;
    browser.goto("/").await?;
    picture(t, "home", look).await?;
    browser.goto(ProtectedPage::PATH).await?;
    LoginPage::expect(browser).await?;
    picture(t, "login", look).await?;
    let register = RegisterPage::open(browser).await?;
    register.submit("ada lovelace", "too short").await?;
    register.expect_field_error("username", "spaces").await?;
    picture(t, "register", look).await?;
    ResetPage::open(browser, "/reset-password#t0ken").await?;
    picture(t, "reset-password", look).await?;
    browser.goto("/no/such/page").await?;
    picture(t, "not-found", look).await
}

async fn picture(t: &Context, name: &str, look: &str) -> Result {
    let directory = env::var_os("HALLPASS_E2E_PICTURES").context("set HALLPASS_E2E_PICTURES")?;
    let file = PathBuf::from(directory).join(format!("{name}-{look}.png"));
    let png = t.browser.client().screenshot().await?;
    fs::write(&file, png).with_context(|| format!("can't write {}", file.display()))
}
