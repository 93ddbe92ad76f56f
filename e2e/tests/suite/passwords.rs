//! Fields for passwords: what people, their clipboards and their password managers do with them.

use anyhow::ensure;
use hallpass_e2e::pages::{LoginPage, ProtectedPage, RegisterPage};
use hallpass_e2e::{Context, PASSWORD, Result, Test, User, tests};
use serde_json::json;

pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_password_can_be_looked_at_and_is_hidden_when_it_is_sent.needs_users(),
        a_password_can_be_pasted.needs_users(),
        password_managers_find_what_they_look_for,
        a_new_password_is_measured_while_it_is_typed,
    ]
}

async fn a_password_can_be_looked_at_and_is_hidden_when_it_is_sent(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.new_user().await?);
    let login = LoginPage::open(browser).await?;
    login.submit("", PASSWORD).await?;
    let toggle = "#login-form [data-action='toggle-password']";
    for (shown, kind) in [("true", "text"), ("false", "password"), ("true", "text")] {
        browser.click(toggle).await?;
        browser.find(&format!("{toggle}[aria-pressed='{shown}']")).await?;
        browser.find(&format!("#login-password[type='{kind}']")).await?;
    }
    browser.see_value("#login-password", PASSWORD).await?;
    login.submit(&ada.name, "not the password").await?;
    login.expect_alert("wrong").await?;
    browser.find("#login-password[type='password']").await.map(drop)
}

async fn a_password_can_be_pasted(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, User::invent());
    let register = RegisterPage::open(browser).await?;
    let (username, password) = (register.field("username"), register.field("password"));
    browser.fill(&username, PASSWORD).await?;
    browser.shortcut('a').await?;
    browser.shortcut('c').await?;
    browser.click(&password).await?;
    browser.shortcut('v').await?;
    browser.see_value(&password, PASSWORD).await?;
    browser.see_text("#register-form [data-hint]", "Long enough").await?;
    browser.fill(&username, &ada.name).await?;
    browser.click("#register-form [type='submit']").await?;
    register.settle(PASSWORD).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await
}

/// Each form's fields as password managers see them.
const FIELDS: &str = "
    const field = input => [input.name, input.getAttribute('autocomplete'), input.type];
    return [...document.querySelectorAll(`#${arguments[0]} input`)].map(field)";

async fn password_managers_find_what_they_look_for(t: &Context) -> Result {
    t.browser.goto("/").await?;
    let name = ["username", "username", "text"];
    let new = ["password", "new-password", "password"];
    let current = ["password", "current-password", "password"];
    let before = ["current_password", "current-password", "password"];
    for (form, expected) in [
        ("login-form", json!([name, current])),
        ("register-form", json!([name, new])),
        ("reset-form", json!([name, new])),
        ("password-form", json!([name, before, new])),
        ("fresh-form", json!([name, current])),
    ] {
        let fields = t.browser.execute(FIELDS, &[form.into()]).await?;
        ensure!(fields == expected, "{form}: {fields}");
    }
    Ok(())
}

async fn a_new_password_is_measured_while_it_is_typed(t: &Context) -> Result {
    let browser = &t.browser;
    let register = RegisterPage::open(browser).await?;
    let hint = "#register-form [data-hint]";
    browser.see_text(hint, "At least 15 characters").await?;
    browser.fill(&register.field("username"), "ada.lovelace").await?;
    for (typed, told) in [
        ("corr", "11 more characters"),
        ("correct horse ", "1 more character"),
        ("correct horse b", "Long enough"),
        ("ada.lovelace is my name", "your username"),
    ] {
        browser.fill(&register.field("password"), typed).await?;
        browser.see_text(hint, told).await?;
    }
    register.submit("ada.lovelace", "passwordpassword").await?;
    register.expect_field_error("password", "first that an attacker would try").await?;
    browser.see_no(hint).await
}
