//! The account page: sessions, the password, and the end of the account.

use anyhow::ensure;
use hallpass_e2e::pages::{AccountPage, FreshnessPrompt, Header, LoginPage, ProtectedPage};
use hallpass_e2e::{Context, Key, Kind, PASSWORD, Result, Test, User, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![
        the_profile_and_the_own_session_are_shown.needs_users(),
        another_device_can_be_signed_out.needs_users(),
        all_other_devices_can_be_signed_out.needs_users(),
        another_password_signs_other_devices_out.needs_users(),
        what_is_wrong_with_a_new_password_is_said_in_words.needs_users(),
        an_account_can_be_deleted_after_its_name_was_typed.needs_users(),
        the_last_admin_can_not_be_deleted.needs_server(),
        a_dangerous_action_asks_for_the_password_and_goes_on.server_args(FRESH),
        a_prompt_that_is_cancelled_does_nothing.server_args(FRESH),
        whoever_types_the_current_password_is_not_asked_again.server_args(FRESH),
    ]
}

/// What stands in the place of a session that has left the list.
const GONE: &str = "[data-list='sessions'] > [data-gone]";

const NEW_PASSWORD: &str = "tulip anvil copper midnight";

/// A login is too old after a second.
const FRESH: &[&str] = &["--fresh-for", "1s"];

async fn the_profile_and_the_own_session_are_shown(t: &Context) -> Result {
    let ada = t.signed_in().await?;
    t.browser.click("header a[href$='/account']").await?;
    t.browser.expect_path(AccountPage::PATH).await?;
    t.browser.see_text("[data-show='profile'] [data-text='username']", &ada.name).await?;
    t.browser.see_text("[data-show='profile'] [data-text='roles']", "user").await?;
    AccountPage(&t.browser).expect_sessions(1).await?;
    t.browser.see_text("[data-list='sessions']", "this session").await?;
    let name = if t.browser.kind() == Kind::Firefox { "Firefox" } else { "Chrome" };
    t.browser.see_text("[data-list='sessions'] [data-cell='agent']", name).await?;
    t.browser.see_no("[data-action='end-other-sessions']").await
}

async fn another_device_can_be_signed_out(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let phone = t.another_browser().await?;
    LoginPage::open(&phone).await?.sign_in(&ada).await?;
    let account = AccountPage::open(browser).await?;
    account.expect_sessions(2).await?;
    let own = account.own_session().await?;
    account.end_the_other_session().await?;
    account.expect_only_session(&own).await?;
    browser.see_text(GONE, "signed out").await?;
    browser.expect_focus(GONE).await?;
    phone.click("header .brand").await?;
    phone.click("[data-view='home'] a[href$='/protected']").await?;
    LoginPage::expect(&phone).await?;
    phone.see_text("#status", "Your session has ended").await?;
    browser.reload().await?;
    Header(browser).expect_user(&ada.name).await
}

async fn all_other_devices_can_be_signed_out(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let phone = t.another_browser().await?;
    LoginPage::open(&phone).await?.sign_in(&ada).await?;
    let account = AccountPage::open(browser).await?;
    account.expect_sessions(2).await?;
    let own = account.own_session().await?;
    account.end_other_sessions().await?;
    account.expect_only_session(&own).await?;
    browser.see_no("[data-action='end-other-sessions']").await?;
    phone.reload().await?;
    LoginPage::expect(&phone).await?;
    browser.reload().await?;
    account.expect_only_session(&own).await?;
    Header(browser).expect_user(&ada.name).await
}

async fn another_password_signs_other_devices_out(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let phone = t.another_browser().await?;
    LoginPage::open(&phone).await?.sign_in(&ada).await?;
    let account = AccountPage::open(browser).await?;
    account.expect_sessions(2).await?;
    let own = account.own_session().await?;
    account.change_password(PASSWORD, NEW_PASSWORD).await?;
    browser.see_text("#password-form [data-done]", "Your password is changed").await?;
    account.expect_only_session(&own).await?;
    browser.see_value("#password-form [name='password']", "").await?;
    phone.reload().await?;
    let login = LoginPage::expect(&phone).await?;
    login.submit_as(&ada).await?;
    login.expect_alert("wrong").await?;
    login.sign_in(&User::new(&ada.name, NEW_PASSWORD)).await
}

async fn what_is_wrong_with_a_new_password_is_said_in_words(t: &Context) -> Result {
    let browser = &t.browser;
    t.signed_in().await?;
    let account = AccountPage::open(browser).await?;
    browser.fill("#password-form [name='password']", "twelve chars").await?;
    browser.see_text("#password-form [data-hint]", "3 more characters").await?;
    account.change_password(PASSWORD, "too short").await?;
    account.expect_error("#password-form", "password", "at least 15").await?;
    browser.expect_focus("#password-form [name='password']").await?;
    account.change_password(PASSWORD, "passwordpassword").await?;
    account.expect_error("#password-form", "password", "first that an attacker would try").await?;
    account.change_password("not the password", NEW_PASSWORD).await?;
    browser.see("#password-form [name='current_password'][aria-invalid='true']").await?;
    browser.see_value("#password-form [name='password']", NEW_PASSWORD).await
}

async fn an_account_can_be_deleted_after_its_name_was_typed(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let account = AccountPage::open(browser).await?;
    account.delete("somebody else").await?;
    account.expect_error("#delete-form", "username", &ada.name).await?;
    account.delete(&ada.name).await?;
    browser.see("[data-view='home']").await?;
    browser.see_text("#status", "Your account is deleted").await?;
    Header(browser).expect_signed_out().await?;
    ensure!(browser.stored(crate::session::TOKEN).await?.is_none(), "the token is still stored");
    let login = LoginPage::open(browser).await?;
    login.submit_as(&ada).await?;
    login.expect_alert("wrong").await
}

async fn the_last_admin_can_not_be_deleted(t: &Context) -> Result {
    let (browser, root) = (&t.browser, User::invent());
    t.site.add_admin(&root).await?;
    LoginPage::open(browser).await?.sign_in(&root).await?;
    AccountPage::open(browser).await?.delete(&root.name).await?;
    browser.see_text("#delete-form [role='alert']", "last admin").await
}

/// On the account page, asked for the password because the login is too old for what was wanted.
async fn prompted<'a>(t: &'a Context, user: &User) -> Result<FreshnessPrompt<'a>> {
    let account = AccountPage::open(&t.browser).await?;
    let before = t.site.requests("GET /api/me/sessions")?;
    let signed_in = before.first().map(|request| request.arrived);
    let old = async || Ok(signed_in.is_some_and(|at| at.elapsed().as_secs() >= 2));
    t.browser.eventually("the login is too old", old).await?;
    account.delete(&user.name).await?;
    FreshnessPrompt::expect(&t.browser).await
}

async fn a_dangerous_action_asks_for_the_password_and_goes_on(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let prompt = prompted(t, &ada).await?;
    browser.expect_focus("#fresh-form [name='password']").await?;
    prompt.confirm("not the password").await?;
    AccountPage(browser).expect_error("#fresh-form", "password", "not your password").await?;
    prompt.confirm(PASSWORD).await?;
    browser.see("[data-view='home']").await?;
    browser.see_text("#status", "Your account is deleted").await
}

/// Whether something of the page behind it has the focus; the browser's own controls may have it.
const OUTSIDE_THE_DIALOG: &str = "
    const focused = document.activeElement;
    return focused !== document.body && !focused.closest('dialog')";

async fn a_prompt_that_is_cancelled_does_nothing(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    prompted(t, &ada).await?.cancel().await?;
    FreshnessPrompt::expect_none(browser).await?;
    browser.see_value("#delete-form [name='username']", &ada.name).await?;
    browser.click("#delete-form [type='submit']").await?;
    FreshnessPrompt::expect(browser).await?;
    for _ in 0..6 {
        browser.press([Key::Tab]).await?;
        let outside = browser.execute(OUTSIDE_THE_DIALOG, &[]).await?;
        ensure!(outside == false, "the keyboard leaves the dialog for the page");
    }
    // Firefox goes on with its own controls after the last one.
    browser.click("#fresh-form [name='password']").await?;
    browser.press([Key::Escape]).await?;
    FreshnessPrompt::expect_none(browser).await?;
    browser.expect_focus("#delete-form [type='submit']").await?;
    browser.goto(ProtectedPage::PATH).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await
}

async fn whoever_types_the_current_password_is_not_asked_again(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    prompted(t, &ada).await?.cancel().await?;
    AccountPage(browser).change_password(PASSWORD, NEW_PASSWORD).await?;
    browser.see_text("#password-form [data-done]", "Your password is changed").await?;
    FreshnessPrompt::expect_none(browser).await?;
    let asked = t.site.requests("POST /api/me/reauthenticate")?;
    ensure!(asked.len() == 1, "{asked:#?}");
    Ok(())
}
