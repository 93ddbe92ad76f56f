//! Accounts that must have a second factor: from the password to the protected page.

use anyhow::ensure;
use hallpass_e2e::pages::{
    Header, LoginPage, ProtectedPage, RegisterPage, SecondStep, Security, SetUp,
};
use hallpass_e2e::{Context, Key, Result, Test, User, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_fresh_account_sets_up_an_app_and_is_in.server_args(ALL),
        a_fresh_account_sets_up_a_passkey_and_is_in.server_args(ALL),
        a_set_up_that_is_given_up_signs_nobody_in.server_args(ALL),
        a_wrong_code_does_not_end_the_set_up.server_args(ALL),
        a_set_up_ends_when_another_tab_signs_in.server_args(ALL),
        who_gives_up_while_the_code_is_on_its_way_is_not_signed_in.server_args(ALL),
        a_passkey_without_recovery_codes_is_told.server_args(ALL),
        recovery_codes_that_nobody_keeps_do_not_hold_anybody_up.server_args(ALL),
        the_last_factor_can_not_be_removed.server_args(ALL),
        a_user_beside_the_admins_needs_none.server_args(ADMINS),
    ]
}

pub(crate) const ALL: &[&str] = &["--require-second-factor", "all"];
const ADMINS: &[&str] = &["--require-second-factor", "admins"];

/// Registers in the browser, which signs in by itself, up to the set-up.
async fn registered(t: &Context) -> Result<(User, SetUp<'_>)> {
    let ada = User::invent();
    RegisterPage::open(&t.browser).await?.submit_as(&ada).await?;
    Ok((ada, SetUp::expect(&t.browser).await?))
}

/// Signs in with the password, up to the set-up.
async fn with_password(t: &Context) -> Result<(User, SetUp<'_>)> {
    let ada = t.new_user().await?;
    LoginPage::open(&t.browser).await?.submit_as(&ada).await?;
    Ok((ada, SetUp::expect(&t.browser).await?))
}

pub(crate) async fn a_fresh_account_sets_up_an_app_and_is_in(t: &Context) -> Result {
    let (ada, setup) = registered(t).await?;
    let (app, codes) = setup.set_up_app().await?;
    ensure!(codes.len() == 10, "{codes:?}");
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    SetUp::expect_none(&t.browser).await?;
    t.browser.reload().await?;
    Header(&t.browser).expect_user(&ada.name).await?;
    t.browser.click("header [data-action='sign-out']").await?;
    t.browser.see("header a[href$='/login']").await?;
    LoginPage::open(&t.browser).await?.submit_as(&ada).await?;
    SecondStep::expect(&t.browser).await?.enter(&app.code(1)?).await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await
}

async fn a_fresh_account_sets_up_a_passkey_and_is_in(t: &Context) -> Result {
    t.browser.add_authenticator().await?;
    let (ada, setup) = with_password(t).await?;
    setup.press("add-passkey").await?;
    let codes = setup.codes().await?;
    ensure!(codes.len() == 10, "{codes:?}");
    setup.press("hide-codes").await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    let security = Security::open(&t.browser).await?;
    security.expect_passkeys(&["My passkey"]).await?;
    security.expect_text("10 recovery codes are left").await
}

async fn a_set_up_that_is_given_up_signs_nobody_in(t: &Context) -> Result {
    let (ada, setup) = with_password(t).await?;
    setup.press("add-totp").await?;
    setup.scan().await?;
    setup.press("back").await?;
    setup.expect_text("Set up an app").await?;
    t.browser.press([Key::Escape]).await?;
    SetUp::expect_none(&t.browser).await?;
    let login = LoginPage::expect(&t.browser).await?;
    login.expect_alert("must have a second factor").await?;
    login.submit_as(&ada).await?;
    SetUp::expect(&t.browser).await?.set_up_app().await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await
}

async fn a_wrong_code_does_not_end_the_set_up(t: &Context) -> Result {
    let (ada, setup) = with_password(t).await?;
    setup.press("add-totp").await?;
    let app = setup.scan().await?;
    setup.confirm(&app.code(9)?).await?;
    setup.expect_text("not the code that your app shows").await?;
    t.browser.expect_focus("dialog#setup [name='code']").await?;
    setup.confirm(&app.code(0)?).await?;
    setup.codes().await?;
    setup.press("hide-codes").await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await
}

async fn a_set_up_ends_when_another_tab_signs_in(t: &Context) -> Result {
    let (ada, setup) = with_password(t).await?;
    setup.press("add-totp").await?;
    setup.scan().await?;
    let first = t.browser.window().await?;
    t.browser.new_tab().await?;
    LoginPage::open(&t.browser).await?.submit_as(&ada).await?;
    SetUp::expect(&t.browser).await?.set_up_app().await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    t.browser.switch_to(&first).await?;
    SetUp::expect_none(&t.browser).await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    // The session of the other tab goes on.
    t.browser.reload().await?;
    Header(&t.browser).expect_user(&ada.name).await
}

async fn who_gives_up_while_the_code_is_on_its_way_is_not_signed_in(t: &Context) -> Result {
    let (_, setup) = with_password(t).await?;
    setup.press("add-totp").await?;
    let app = setup.scan().await?;
    let hold = "
        const send = window.fetch;
        window.fetch = (path, init) => send(path, init).then(answer =>
            path.endsWith('/confirm') ? new Promise(go => window.release = () => go(answer)) : answer)";
    t.browser.execute(hold, &[]).await?;
    setup.confirm(&app.code(0)?).await?;
    let held = async || Ok(t.browser.execute("return 'release' in window", &[]).await? == true);
    t.browser.eventually("the server has answered", held).await?;
    t.browser.press([Key::Escape]).await?;
    LoginPage::expect(&t.browser).await?.expect_alert("Nobody was signed in").await?;
    t.browser.execute("window.release()", &[]).await?;
    let refresh = "const done = arguments[0];
        fetch('/api/refresh', { method: 'POST' }).then(answer => done(answer.status))";
    let gone = async || Ok(t.browser.execute_async(refresh, &[]).await? == 401);
    t.browser.eventually("the session is ended", gone).await?;
    LoginPage::expect(&t.browser).await.map(drop)
}

async fn a_passkey_without_recovery_codes_is_told(t: &Context) -> Result {
    t.browser.add_authenticator().await?;
    let (ada, setup) = with_password(t).await?;
    let fail = "
        const send = window.fetch;
        window.fetch = (path, init) => path.endsWith('/recovery-codes') ? Promise.reject() : send(path, init)";
    t.browser.execute(fail, &[]).await?;
    setup.press("add-passkey").await?;
    setup.expect_text("no recovery codes as yet").await?;
    setup.press("go-on").await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await
}

async fn recovery_codes_that_nobody_keeps_do_not_hold_anybody_up(t: &Context) -> Result {
    let (ada, setup) = with_password(t).await?;
    setup.press("add-totp").await?;
    setup.confirm(&setup.scan().await?.code(0)?).await?;
    setup.codes().await?;
    t.browser.press([Key::Escape]).await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await
}

async fn the_last_factor_can_not_be_removed(t: &Context) -> Result {
    let (_, setup) = with_password(t).await?;
    setup.set_up_app().await?;
    t.browser.see("header [data-action='sign-out']").await?;
    let security = Security::open(&t.browser).await?;
    security.press("remove-totp").await?;
    security.expect_text("add another one before you remove this one").await
}

async fn a_user_beside_the_admins_needs_none(t: &Context) -> Result {
    let ada = t.signed_in().await?;
    t.site.hallpass(&["user", "roles", &ada.name, "--add", "admin"]).await?;
    t.browser.reload().await?;
    LoginPage::open(&t.browser).await?.submit_as(&ada).await?;
    SetUp::expect(&t.browser).await?.set_up_app().await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await
}
