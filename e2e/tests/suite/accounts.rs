use hallpass_e2e::Scenario;
use hallpass_e2e::pages::{Header, LoginPage, ProtectedPage, RegisterPage};

use crate::{PASSWORD, new_username, registered};

#[tokio::test]
async fn a_person_registers_signs_in_reads_the_guarded_page_and_signs_out() {
    Scenario::new("a_person_registers_signs_in_reads_the_guarded_page_and_signs_out")
        .run(async |browser| {
            let username = registered(browser).await?;
            Header(browser).sign_out().await?;
            Header(browser).expect_signed_out().await?;

            let login = LoginPage::open(browser).await?;
            login.submit(&username, PASSWORD).await?;
            ProtectedPage(browser).expect_content_for(&username).await?;
            Header(browser).expect_user(&username).await?;

            browser.reload().await?;
            ProtectedPage(browser).expect_content_for(&username).await?;
            Header(browser).expect_user(&username).await?;

            Header(browser).sign_out().await?;
            Header(browser).expect_signed_out().await?;
            browser.goto(ProtectedPage::PATH).await?;
            LoginPage::expect(browser).await?;
            Header(browser).expect_signed_out().await
        })
        .await;
}

#[tokio::test]
async fn a_wrong_password_is_said_and_the_name_stays_typed() {
    Scenario::new("a_wrong_password_is_said_and_the_name_stays_typed")
        .run(async |browser| {
            let username = registered(browser).await?;
            Header(browser).sign_out().await?;
            let login = LoginPage::open(browser).await?;
            login.submit(&username, "a wrong password").await?;
            login.expect_alert("The username or the password is wrong.").await?;
            let typed = browser.see("#login-form [name='username']").await?.prop("value").await?;
            anyhow::ensure!(typed.as_deref() == Some(username.as_str()), "{typed:?}");
            Header(browser).expect_signed_out().await
        })
        .await;
}

#[tokio::test]
async fn a_registration_says_what_to_change_beside_each_field() {
    Scenario::new("a_registration_says_what_to_change_beside_each_field")
        .run(async |browser| {
            let register = RegisterPage::open(browser).await?;
            register.submit("a b", "too short").await?;
            register.expect_field_error("username", "spaces").await?;
            register.expect_field_error("password", "at least 15").await?;

            let username = registered(browser).await?;
            Header(browser).sign_out().await?;
            let register = RegisterPage::open(browser).await?;
            register.submit(&username.to_uppercase(), PASSWORD).await?;
            register.expect_field_error("username", "taken").await?;
            register.submit(&new_username(), PASSWORD).await?;
            browser.expect_path(ProtectedPage::PATH).await
        })
        .await;
}

#[tokio::test]
async fn the_keyboard_alone_is_enough() {
    Scenario::new("the_keyboard_alone_is_enough")
        .run(async |browser| {
            let username = new_username();
            browser.goto(RegisterPage::PATH).await?;
            let name = browser.see("#register-form [name='username']").await?;
            name.send_keys(&username).await?;
            // U+E004 and U+E007 are WebDriver's Tab and Enter.
            name.send_keys("\u{e004}").await?;
            let focused = browser.client().active_element().await?;
            focused.send_keys(&format!("{PASSWORD}\u{e007}")).await?;
            ProtectedPage(browser).expect_content_for(&username).await
        })
        .await;
}
