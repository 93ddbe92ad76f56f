//! Registering, signing in and out.

use hallpass_e2e::pages::{Header, LoginPage, ProtectedPage, RegisterPage};
use hallpass_e2e::{Context, Key, PASSWORD, Result, Test, User, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_person_registers_signs_in_reads_the_guarded_page_and_signs_out.needs_users(),
        a_wrong_password_is_said_and_the_name_stays_typed.needs_users(),
        a_registration_says_what_to_change_beside_each_field.needs_users(),
        the_keyboard_alone_is_enough.needs_users(),
    ]
}

async fn a_person_registers_signs_in_reads_the_guarded_page_and_signs_out(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, User::invent());
    RegisterPage::open(browser).await?.submit_as(&ada).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    Header(browser).sign_out().await?;
    Header(browser).expect_signed_out().await?;

    LoginPage::open(browser).await?.sign_in(&ada).await?;
    Header(browser).expect_user(&ada.name).await?;

    browser.reload().await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    Header(browser).expect_user(&ada.name).await?;

    Header(browser).sign_out().await?;
    Header(browser).expect_signed_out().await?;
    browser.goto(ProtectedPage::PATH).await?;
    LoginPage::expect(browser).await?;
    Header(browser).expect_signed_out().await
}

async fn a_wrong_password_is_said_and_the_name_stays_typed(t: &Context) -> Result {
    let ada = t.new_user().await?;
    let login = LoginPage::open(&t.browser).await?;
    login.submit(&ada.name, "a wrong password").await?;
    login.expect_alert("The username or the password is wrong.").await?;
    login.expect_username(&ada.name).await?;
    Header(&t.browser).expect_signed_out().await
}

async fn a_registration_says_what_to_change_beside_each_field(t: &Context) -> Result {
    let register = RegisterPage::open(&t.browser).await?;
    register.submit("a b", "short").await?;
    register.expect_field_error("username", "spaces").await?;
    let min = t.site.config().await?.password_min;
    register.expect_field_error("password", &format!("at least {min}")).await?;

    let ada = t.new_user().await?;
    register.submit(&ada.name.to_uppercase(), PASSWORD).await?;
    register.expect_field_error("username", "taken").await?;
    register.submit_as(&User::invent()).await?;
    t.browser.expect_path(ProtectedPage::PATH).await
}

async fn the_keyboard_alone_is_enough(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, User::invent());
    let register = RegisterPage::open(browser).await?;
    browser.find(&register.field("username")).await?.click().await?;
    browser.type_text(&ada.name).await?;
    browser.press([Key::Tab]).await?;
    browser.type_text(ada.password.expose()).await?;
    browser.press([Key::Enter]).await?;
    register.settle(PASSWORD).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await
}
