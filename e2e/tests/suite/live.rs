//! What changes while one looks on or types: waits that are counted down, and hints.

use anyhow::{Context as _, ensure};
use hallpass_e2e::pages::{AccountPage, LoginPage, ProtectedPage, RegisterPage};
use hallpass_e2e::{Answer, Browser, Context, Result, Test, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![
        the_wait_before_the_next_try_is_counted_down.needs_server(),
        the_wait_before_a_page_loads_again_is_counted_down.needs_server(),
        a_hint_counts_what_is_missing_character_by_character.needs_users(),
        a_hint_follows_the_username_too,
        a_hint_and_an_error_are_gone_with_what_they_were_about,
    ]
}

/// From now on keeps each text of an element, with the time in milliseconds.
const WATCH: &str = "
    const element = document.querySelector(arguments[0]);
    const note = () => texts.push([performance.now(), element.textContent]);
    window.texts = [];
    note();
    new MutationObserver(note).observe(element, { childList: true, characterData: true, subtree: true })";

/// Waits until the watched element is empty again, and checks that what it said was a countdown.
async fn expect_countdown(browser: &Browser, from: u64) -> Result {
    let over = "return texts.length > 2 && texts.at(-1)[1] === ''";
    let over = async || Ok(browser.execute(over, &[]).await? == true);
    browser.eventually("the wait is over", over).await?;
    let texts = browser.execute("return texts", &[]).await?;
    let texts: Vec<(f64, String)> = serde_json::from_value(texts)?;
    let (end, _) = texts.last().context("nothing was said")?;
    let said = texts.iter().filter(|(_, text)| !text.is_empty());
    let mut seconds = Vec::new();
    for (at, text) in said {
        let words: Vec<_> = text.split([' ', '.']).filter(|word| !word.is_empty()).collect();
        let place = words.iter().position(|word| word.starts_with("second"));
        let place = place.filter(|place| *place > 0).with_context(|| text.clone())?;
        let number: u32 = words[place - 1].parse().with_context(|| text.clone())?;
        ensure!((number == 1) == (words[place] == "second"), "{text}");
        // Times are told in whole seconds; a machine that is busy is late, never early.
        ensure!(end - at >= (f64::from(number) - 1.0) * 1000.0 - 50.0, "too fast: {texts:?}");
        seconds.push(u64::from(number));
    }
    let falls = seconds.windows(2).all(|pair| pair[0] > pair[1]);
    ensure!(falls && seconds.len() > 1 && seconds[0] <= from, "no countdown: {texts:?}");
    Ok(())
}

async fn the_wait_before_the_next_try_is_counted_down(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.new_user().await?);
    let login = LoginPage::open(browser).await?;
    browser.execute(WATCH, &["#login-form [data-wait]".into()]).await?;
    t.site.answer("POST /api/login", 1, Answer::status(429).retry_after(4))?;
    login.submit_as(&ada).await?;
    expect_countdown(browser, 4).await?;
    login.sign_in(&ada).await
}

async fn the_wait_before_a_page_loads_again_is_counted_down(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    browser.click("header .brand").await?;
    let retrying = "[data-view='protected'] [data-text='retrying']";
    browser.execute(WATCH, &[retrying.into()]).await?;
    t.site.answer("GET /api/protected", 1, Answer::status(503).retry_after(4))?;
    browser.click("[data-view='home'] a[href$='/protected']").await?;
    expect_countdown(browser, 4).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await
}

/// Types a password a character at a time and takes some of it back; the hint follows each step.
async fn expect_hint_follows(browser: &Browser, form: &str, min: usize) -> Result {
    let (field, hint) = (format!("{form} [name='password']"), format!("{form} [data-hint]"));
    let text = "correct horse bättery";
    browser.see_text(&hint, &format!("At least {min} characters")).await?;
    for chars in (1..=text.chars().count()).chain([min - 1, min, 3]) {
        let typed: String = text.chars().take(chars).collect();
        browser.fill(&field, &typed).await?;
        let expected = match min.saturating_sub(chars) {
            0 => "Long enough.".to_owned(),
            1 => "1 more character.".to_owned(),
            missing => format!("{missing} more characters."),
        };
        browser.see_text(&hint, &expected).await?;
    }
    Ok(())
}

async fn a_hint_counts_what_is_missing_character_by_character(t: &Context) -> Result {
    let (browser, min) = (&t.browser, t.site.config().await?.password_min);
    RegisterPage::open(browser).await?;
    expect_hint_follows(browser, "#register-form", min).await?;
    browser.goto("/reset-password#AAAA").await?;
    expect_hint_follows(browser, "#reset-form", min).await?;
    t.signed_in().await?;
    AccountPage::open(browser).await?;
    expect_hint_follows(browser, "#password-form", min).await
}

async fn a_hint_follows_the_username_too(t: &Context) -> Result {
    let browser = &t.browser;
    let register = RegisterPage::open(browser).await?;
    let hint = "#register-form [data-hint]";
    browser.fill(&register.field("password"), "grace hopper and her bug").await?;
    browser.see_text(hint, "Long enough.").await?;
    browser.fill(&register.field("username"), "Hopper").await?;
    browser.see_text(hint, "your username").await?;
    browser.fill(&register.field("username"), "Ada").await?;
    browser.see_text(hint, "Long enough.").await
}

async fn a_hint_and_an_error_are_gone_with_what_they_were_about(t: &Context) -> Result {
    let browser = &t.browser;
    let register = RegisterPage::open(browser).await?;
    register.submit("a b", "short").await?;
    register.expect_field_error("username", "spaces").await?;
    register.expect_field_error("password", "at least").await?;
    // Each error goes when its own field is changed.
    browser.fill(&register.field("username"), "ada").await?;
    browser.find("#register-form [name='username'][aria-invalid='false']").await?;
    browser.see_no("#register-form [data-error-for='username']").await?;
    register.expect_field_error("password", "at least").await?;
    browser.fill(&register.field("password"), "short of nothing at all").await?;
    browser.see_no("#register-form [data-error-for='password']").await?;
    browser.click("[data-view='register'] a[data-link='login']").await?;
    LoginPage::expect(browser).await?;
    browser.back().await?;
    browser.see_text("#register-form [data-hint]", "At least").await?;
    browser.see_value(&register.field("password"), "").await
}
