//! Second factors: one-time codes and recovery codes, from the set-up to the admin's reset.

use std::time::Instant;

use anyhow::ensure;
use hallpass_e2e::pages::{
    FreshnessPrompt, Header, LoginPage, ProtectedPage, SecondStep, Security,
};
use hallpass_e2e::{AuthenticatorApp, Context, Key, PASSWORD, Result, Test, User, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_code_of_the_app_completes_a_sign_in.needs_users(),
        a_recovery_code_signs_in_once_and_few_are_told.needs_users(),
        wrong_and_old_codes_are_refused_and_the_fifth_ends_it.server_args(PATIENT),
        a_second_step_that_is_given_up_signs_nobody_in.needs_users(),
        who_removes_the_app_signs_in_by_password_alone.needs_users(),
        a_prompt_for_the_password_asks_for_the_code_too.server_args(FRESH),
        an_admin_takes_lost_factors_away.needs_server(),
        new_recovery_codes_end_the_old_ones.needs_users(),
        codes_do_not_stay_in_the_page_for_the_next_person.needs_users(),
        the_section_says_what_is_wrong_with_a_code.needs_users(),
    ]
}

/// A login is too old after a second.
const FRESH: &[&str] = &["--fresh-for", "1s"];

/// So many wrong codes would otherwise have to wait.
const PATIENT: &[&str] = &["--login-throttle", "off"];

/// A new user who is signed in, and has an app and recovery codes.
async fn with_app(t: &Context) -> Result<(User, AuthenticatorApp, Vec<String>)> {
    let ada = t.signed_in().await?;
    let (app, codes) = Security::open(&t.browser).await?.set_up().await?;
    Ok((ada, app, codes))
}

/// Signs out, and gives the password.
async fn give_password<'a>(t: &'a Context, user: &User) -> Result<SecondStep<'a>> {
    t.browser.click("header [data-action='sign-out']").await?;
    t.browser.see("header a[href$='/login']").await?;
    LoginPage::open(&t.browser).await?.submit_as(user).await?;
    SecondStep::expect(&t.browser).await
}

pub(crate) async fn a_code_of_the_app_completes_a_sign_in(t: &Context) -> Result {
    let (ada, app, codes) = with_app(t).await?;
    ensure!(codes.len() == 10, "{codes:?}");
    Security(&t.browser).expect_text("set up").await?;
    let step = give_password(t, &ada).await?;
    t.browser.expect_focus("#factor-code").await?;
    // As people copy it from some apps.
    let code = app.code(1)?;
    step.enter(&format!("{} {}", &code[..3], &code[3..])).await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    SecondStep::expect_none(&t.browser).await?;
    t.browser.reload().await?;
    Header(&t.browser).expect_user(&ada.name).await
}

async fn a_recovery_code_signs_in_once_and_few_are_told(t: &Context) -> Result {
    let (ada, _, codes) = with_app(t).await?;
    let step = give_password(t, &ada).await?;
    // In capitals and without hyphens.
    step.recover(&codes[0].replace('-', "").to_uppercase()).await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    give_password(t, &ada).await?.recover(&codes[0]).await?;
    let step = SecondStep(&t.browser);
    step.expect_alert("wrong, or was used before").await?;
    t.browser.fill("#factor-code", &codes[1]).await?;
    t.browser.press([Key::Enter]).await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    for code in &codes[2..6] {
        give_password(t, &ada).await?.recover(code).await?;
        ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    }
    give_password(t, &ada).await?.recover(&codes[6]).await?;
    t.browser.see_text("#factor-few", "3 recovery codes left").await?;
    t.browser.press([Key::Enter]).await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    Security::open(&t.browser).await?.expect_text("3 recovery codes are left").await
}

async fn wrong_and_old_codes_are_refused_and_the_fifth_ends_it(t: &Context) -> Result {
    let (ada, app, _) = with_app(t).await?;
    let step = give_password(t, &ada).await?;
    // Early, late, used before, and of the wrong length.
    for code in [app.code(3)?, app.code(-3)?, app.code(-1)?] {
        step.enter(&code).await?;
        step.expect_alert("wrong").await?;
        t.browser.expect_focus("#factor-code").await?;
        t.browser.see_value("#factor-code", "").await?;
    }
    t.browser.press([Key::Enter]).await?;
    step.expect_alert("Enter a code").await?;
    step.enter("12345").await?;
    t.browser.press([Key::Enter]).await?;
    step.expect_alert("wrong").await?;
    step.enter(&app.code(4)?).await?;
    step.expect_alert("wrong").await?;
    // The right one comes too late.
    step.enter(&app.code(1)?).await?;
    SecondStep::expect_none(&t.browser).await?;
    LoginPage::expect(&t.browser).await?.expect_alert("begin again").await
}

async fn a_second_step_that_is_given_up_signs_nobody_in(t: &Context) -> Result {
    let (ada, app, _) = with_app(t).await?;
    give_password(t, &ada).await?;
    t.browser.press([Key::Escape]).await?;
    SecondStep::expect_none(&t.browser).await?;
    let login = LoginPage::expect(&t.browser).await?;
    login.expect_alert("second step is missing").await?;
    t.browser.expect_focus(&login.field("password")).await?;
    login.submit_as(&ada).await?;
    SecondStep::expect(&t.browser).await?.enter(&app.code(1)?).await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await
}

async fn who_removes_the_app_signs_in_by_password_alone(t: &Context) -> Result {
    let (ada, ..) = with_app(t).await?;
    let security = Security::open(&t.browser).await?;
    security.press("remove-totp").await?;
    security.expect_text("The app is removed").await?;
    t.browser.see_no("[data-do='new-codes']").await?;
    t.browser.click("header [data-action='sign-out']").await?;
    t.browser.see("header a[href$='/login']").await?;
    LoginPage::open(&t.browser).await?.sign_in(&ada).await
}

/// With [`FRESH`], until a dangerous action asks for the password.
pub(crate) async fn let_the_login_age(t: &Context) -> Result {
    let began = Instant::now();
    let waited = async || Ok(began.elapsed().as_secs() >= 2);
    t.browser.eventually("the login is too old", waited).await
}

async fn a_prompt_for_the_password_asks_for_the_code_too(t: &Context) -> Result {
    let ada = t.new_user().await?;
    LoginPage::open(&t.browser).await?.sign_in(&ada).await?;
    let security = Security::open(&t.browser).await?;
    let_the_login_age(t).await?;
    security.press("add-totp").await?;
    FreshnessPrompt::expect(&t.browser).await?.confirm(PASSWORD).await?;
    let app = security.scan().await?;
    let_the_login_age(t).await?;
    security.confirm(&app.code(0)?).await?;
    // There is no second factor before this.
    FreshnessPrompt::expect(&t.browser).await?.confirm(PASSWORD).await?;
    security.codes().await?;
    let_the_login_age(t).await?;
    security.press("new-codes").await?;
    FreshnessPrompt::expect(&t.browser).await?.confirm(PASSWORD).await?;
    let step = SecondStep::expect(&t.browser).await?;
    step.enter(&app.code(5)?).await?;
    step.expect_alert("wrong").await?;
    step.enter(&app.code(1)?).await?;
    SecondStep::expect_none(&t.browser).await?;
    FreshnessPrompt::expect_none(&t.browser).await?;
    security.expect_text("The old recovery codes are void").await
}

async fn an_admin_takes_lost_factors_away(t: &Context) -> Result {
    let (ada, ..) = with_app(t).await?;
    t.site.hallpass(&["user", "reset-factors", &ada.name]).await?;
    t.browser.click("header .brand").await?;
    t.browser.click("[data-view='home'] a[href$='/protected']").await?;
    LoginPage::expect(&t.browser).await?.sign_in(&ada).await
}

async fn new_recovery_codes_end_the_old_ones(t: &Context) -> Result {
    let (ada, _, old) = with_app(t).await?;
    let security = Security(&t.browser);
    security.press("new-codes").await?;
    security.expect_text("The old recovery codes are void").await?;
    let new = security.codes().await?;
    ensure!(old.iter().all(|code| !new.contains(code)), "{new:?}");
    let step = give_password(t, &ada).await?;
    step.recover(&old[0]).await?;
    step.expect_alert("wrong").await?;
    t.browser.fill("#factor-code", &new[0]).await?;
    t.browser.press([Key::Enter]).await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await
}

async fn codes_do_not_stay_in_the_page_for_the_next_person(t: &Context) -> Result {
    let (.., codes) = with_app(t).await?;
    t.browser.click("header [data-action='sign-out']").await?;
    t.browser.see("header a[href$='/login']").await?;
    let gone = async || {
        let page = t.browser.client().source().await?;
        Ok(codes.iter().all(|code| !page.contains(code.as_str())))
    };
    t.browser.eventually("the codes are gone", gone).await
}

async fn the_section_says_what_is_wrong_with_a_code(t: &Context) -> Result {
    t.signed_in().await?;
    let security = Security::open(&t.browser).await?;
    security.press("add-totp").await?;
    let app = security.scan().await?;
    security.confirm(&app.code(9)?).await?;
    security.expect_text("not the code that your app shows").await?;
    t.browser.expect_focus("[data-form='confirm-totp'] [name='code']").await?;
    security.confirm(&app.code(1)?).await?;
    ensure!(security.codes().await?.len() == 10, "not ten codes");
    Ok(())
}
