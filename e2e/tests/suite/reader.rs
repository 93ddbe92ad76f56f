//! What a page says to whoever reads it: where the answer to an action stands, whose words may be
//! translated, what time it is here, and whether large text fits.

use std::fmt::Write as _;
use std::fs;

use anyhow::ensure;
use hallpass_e2e::pages::{AccountPage, AdminPage, LoginPage, ResetPage};
use hallpass_e2e::{Browser, Context, Media, PASSWORD, Result, Test, User, tests};

/// What people with weak eyes set.
const LARGE: u32 = 32;

pub(crate) fn tests() -> Vec<Test> {
    let large = Media { font_size: Some(LARGE), ..Media::default() };
    let india = Media { zone: Some("Asia/Kolkata"), ..Media::default() };
    tests![
        answers_stand_where_the_action_was.needs_server(),
        answers_stand_where_the_action_was_in_large_text_on_a_phone.media(large).needs_server(),
        what_the_network_does_is_told_in_the_window.needs_server(),
        names_are_not_translated.needs_server(),
        times_are_those_of_the_readers_zone.media(india).needs_users(),
        a_place_that_is_not_in_the_list_is_told_with_a_way_out.needs_server(),
        a_reset_page_without_its_token_has_no_form,
    ]
}

const NEW_PASSWORD: &str = "tulip anvil copper midnight";

/// Waits until the element has words and is in the window with all of them.
async fn see_in_window(browser: &Browser, css: &str, text: &str) -> Result {
    browser.see_text(css, text).await?;
    let script = "
        const { top, bottom } = document.querySelector(arguments[0]).getBoundingClientRect();
        return top >= -1 && bottom <= innerHeight + 1";
    let inside = async || Ok(browser.execute(script, &[css.into()]).await? == true);
    browser.eventually(&format!("{css} is in the window"), inside).await
}

/// Signs an admin in, with so many users beside them.
async fn admin_of_many(t: &Context, users: usize) -> Result<User> {
    let mut lines = String::from("username,password_hash\n");
    for n in 0..users {
        writeln!(lines, "many-{n:02},pbkdf2:sha256:1000$salt${}", "ab".repeat(32))?;
    }
    let file = tempfile::NamedTempFile::with_suffix(".csv")?;
    fs::write(file.path(), lines)?;
    t.site.hallpass(&["user", "import", &file.path().to_string_lossy()]).await?;
    let root = User::invent();
    t.site.add_admin(&root).await?;
    LoginPage::open(&t.browser).await?.sign_in(&root).await?;
    Ok(root)
}

/// Signs in so many times beside the browser's session.
const MORE_SESSIONS: &str = "
    const [username, password, count, done] = arguments;
    const headers = { 'Content-Type': 'application/json' };
    const body = JSON.stringify({ username, password });
    const login = () => fetch('/api/login', { method: 'POST', credentials: 'omit', headers, body });
    (async () => { for (let n = 0; n < count; n++) await login(); })().then(() => done(true));
";

async fn answers_in_the_window(t: &Context) -> Result {
    let (browser, root) = (&t.browser, admin_of_many(t, 19).await?);
    let page = AdminPage::open(browser).await?;
    let row = page.row("many-17").await?;
    page.set_roles("many-17", "user, billing:read").await?;
    see_in_window(browser, &format!("{row} [data-cell='done']"), "Saved").await?;
    page.set_roles("many-17", "No Role!").await?;
    see_in_window(browser, &format!("{row} [role='alert']"), "role").await?;
    for (action, text) in [("disable", "Saved"), ("end-user-sessions", "everywhere")] {
        page.press("many-17", action).await?;
        see_in_window(browser, &format!("{row} [data-cell='done']"), text).await?;
    }
    let credentials = [root.name.as_str().into(), PASSWORD.into(), 9.into()];
    browser.execute_async(MORE_SESSIONS, &credentials).await?;
    let account = AccountPage::open(browser).await?;
    account.expect_sessions(10).await?;
    browser
        .click("[data-list='sessions'] > :nth-child(8) [data-action='end-session']:not([hidden])")
        .await?;
    see_in_window(browser, "[data-list='sessions'] > [data-gone]", "signed out").await?;
    account.end_other_sessions().await?;
    see_in_window(browser, "[data-answer='sessions']", "signed out").await?;
    account.change_password("not the password", NEW_PASSWORD).await?;
    let error = "#password-form [data-error-for='current_password']";
    see_in_window(browser, error, "wrong").await?;
    account.change_password(PASSWORD, NEW_PASSWORD).await?;
    see_in_window(browser, "#password-form [data-done]", "is changed").await?;
    account.delete(&root.name).await?;
    see_in_window(browser, "#delete-form [role='alert']", "admin").await
}

async fn answers_stand_where_the_action_was(t: &Context) -> Result {
    answers_in_the_window(t).await
}

async fn answers_stand_where_the_action_was_in_large_text_on_a_phone(t: &Context) -> Result {
    let size = "return parseFloat(getComputedStyle(document.documentElement).fontSize)";
    t.browser.goto("/").await?;
    ensure!(t.browser.execute(size, &[]).await? == LARGE, "the text is not large");
    t.browser.resize(375, 667).await?;
    answers_in_the_window(t).await
}

async fn what_the_network_does_is_told_in_the_window(t: &Context) -> Result {
    let browser = &t.browser;
    admin_of_many(t, 19).await?;
    let page = AdminPage::open(browser).await?;
    let row = page.row("many-17").await?;
    let held = t.site.hold(&format!("PATCH /api/admin/users/{}", id_of(&row)))?;
    page.press("many-17", "disable").await?;
    held.arrived().await?;
    see_in_window(browser, "#connection", "Still waiting").await?;
    held.release();
    see_in_window(browser, &format!("{row} [data-cell='done']"), "Saved").await
}

/// The id in a row's selector.
fn id_of(row: &str) -> &str {
    row.rsplit('\'').nth(1).unwrap_or_default()
}

/// The texts that hold a name and may be translated.
const TRANSLATABLE: &str = "
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) {
        const { data, parentElement } = texts.currentNode;
        const held = [...arguments].some(name => data.includes(name));
        if (held && !parentElement.closest('[translate=no]')) found.push(data);
    }
    return found";

async fn expect_no_name_translated(browser: &Browser, names: &[&str]) -> Result {
    let names: Vec<_> = names.iter().map(|name| (*name).into()).collect();
    let found = browser.execute(TRANSLATABLE, &names).await?;
    ensure!(found.as_array().is_some_and(Vec::is_empty), "may be translated: {found}");
    Ok(())
}

async fn names_are_not_translated(t: &Context) -> Result {
    let (browser, root) = (&t.browser, User::new("rose garden".replace(' ', "."), PASSWORD));
    let bill = User::new("bill.frost", PASSWORD);
    let names = [root.name.as_str(), bill.name.as_str(), "Hallpass", "billing:read"];
    t.site.add_admin(&root).await?;
    t.site.add_user(bill.clone()).await?;
    t.site.hallpass(&["user", "roles", &root.name, "--add", "billing:read"]).await?;
    LoginPage::open(browser).await?.sign_in(&root).await?;
    expect_no_name_translated(browser, &names).await?;
    browser.click("header .brand").await?;
    browser.see_text("[data-view='home'] h1 .name", &root.name).await?;
    expect_no_name_translated(browser, &names).await?;
    let account = AccountPage::open(browser).await?;
    account.delete("somebody else").await?;
    account.expect_error("#delete-form", "username", &root.name).await?;
    expect_no_name_translated(browser, &names).await?;
    let page = AdminPage::open(browser).await?;
    page.press(&bill.name, "end-user-sessions").await?;
    page.expect_done(&bill.name, &bill.name).await?;
    expect_no_name_translated(browser, &names).await?;
    page.press(&bill.name, "offer-reset").await?;
    page.reset_link(&bill.name).await?;
    expect_no_name_translated(browser, &names).await
}

/// The hour and the minute in India of the times in the list of sessions, and what stands there.
const IN_INDIA: &str = "
    const options = { timeZone: 'Asia/Kolkata', hour: '2-digit', minute: '2-digit' };
    const format = new Intl.DateTimeFormat('en-GB', options);
    const times = document.querySelectorAll('[data-list=sessions] .hint time');
    return [...times].map(time => [format.format(new Date(time.dateTime)), time.textContent]);";

async fn times_are_those_of_the_readers_zone(t: &Context) -> Result {
    let browser = &t.browser;
    t.signed_in().await?;
    AccountPage::open(browser).await?;
    let times = browser.execute(IN_INDIA, &[]).await?;
    let times = times.as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(times.len() == 2, "{times:?}");
    for time in times {
        let (there, told) = (time[0].as_str().unwrap_or("none"), time[1].as_str().unwrap_or(""));
        ensure!(told.contains(there) && told.contains("5:30"), "{told}, not {there}");
    }
    browser.see_text("[data-list='sessions'] [data-cell='used-ago']", "just now").await
}

async fn a_place_that_is_not_in_the_list_is_told_with_a_way_out(t: &Context) -> Result {
    let (browser, root) = (&t.browser, admin_of_many(t, 0).await?);
    browser.goto("/admin?after=zzzz").await?;
    let failed = "[data-view='admin'] [data-show='failed']";
    browser.see_text(&format!("{failed} [role='alert']"), "no place").await?;
    browser.see_no(&format!("{failed} [data-action='retry']")).await?;
    browser.click(&format!("{failed} [data-show='start-over']")).await?;
    AdminPage::expect(browser).await?.row(&root.name).await.map(drop)
}

async fn a_reset_page_without_its_token_has_no_form(t: &Context) -> Result {
    let browser = &t.browser;
    ResetPage::open(browser, "/reset-password#AAAA").await?;
    browser.reload().await?;
    browser.see_text("[data-show='no-reset-token']", "Open the link again").await?;
    browser.see_no("#reset-form").await
}
