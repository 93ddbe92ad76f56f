//! Passkeys, with the drivers' virtual authenticators.

use anyhow::{Context as _, ensure};
use hallpass_e2e::pages::{
    FreshnessPrompt, Header, LoginPage, ProtectedPage, SecondStep, Security,
};
use hallpass_e2e::{Context, Kind, Result, Skip, Test, User, tests};
use serde_json::json;

pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_passkey_signs_in_with_and_without_a_username.needs_server(),
        the_username_field_offers_passkeys.needs_server(),
        a_passkey_is_the_second_step_after_a_password.needs_server(),
        a_field_that_waits_for_a_passkey_is_not_in_the_way.needs_server(),
        who_is_not_verified_is_not_signed_in.needs_server(),
        a_browser_without_the_passkey_has_recovery_codes.needs_server(),
        a_copied_passkey_is_refused.needs_server(),
        two_passkeys_are_told_apart_renamed_and_removed.needs_server(),
        the_last_passkey_takes_the_recovery_codes_along.needs_server(),
        a_passkey_proves_again_who_somebody_is.server_args(&["--fresh-for", "1s"]),
        a_page_at_an_ip_address_says_why_there_are_none.needs_server(),
    ]
}

/// A new user who is signed in and has a passkey, and their recovery codes.
async fn with_passkey(t: &Context) -> Result<(User, Vec<String>)> {
    let ada = t.signed_in().await?;
    let security = Security::open(&t.browser).await?;
    security.add_passkey("My phone").await?;
    let codes = security.codes().await?;
    Ok((ada, codes))
}

async fn sign_out(t: &Context) -> Result {
    t.browser.click("header [data-action='sign-out']").await?;
    t.browser.see("header a[href$='/login']").await?;
    LoginPage::open(&t.browser).await.map(drop)
}

pub(crate) async fn a_passkey_signs_in_with_and_without_a_username(t: &Context) -> Result {
    t.browser.add_authenticator().await?;
    let (ada, codes) = with_passkey(t).await?;
    ensure!(codes.len() == 10, "{codes:?}");
    sign_out(t).await?;
    t.browser.click(LoginPage::PASSKEY).await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    sign_out(t).await?;
    // Not by the field's own offer.
    let script = "
        document.getElementById('login-username').value = arguments[0];
        const get = navigator.credentials.get.bind(navigator.credentials);
        navigator.credentials.get = asked => {
            window.allowed = asked.publicKey.allowCredentials.length;
            return get(asked);
        }";
    t.browser.execute(script, &[json!(ada.name)]).await?;
    t.browser.click(LoginPage::PASSKEY).await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    let allowed = t.browser.execute("return window.allowed", &[]).await?;
    ensure!(allowed == 1, "of this user's passkeys: {allowed}");
    Security::open(&t.browser).await?.expect_text("last used").await
}

async fn the_username_field_offers_passkeys(t: &Context) -> Result {
    if t.browser.kind() == Kind::Firefox {
        let reason =
            "Firefox shows the offer in a list of its own, which no driver can choose from";
        return Err(Skip::because(reason).into());
    }
    let can = "const done = arguments[0];
        (PublicKeyCredential.isConditionalMediationAvailable?.() ?? Promise.resolve(false)).then(done)";
    t.browser.goto("/").await?;
    if t.browser.execute_async(can, &[]).await? != true {
        return Err(Skip::because("the browser offers none in a field").into());
    }
    t.browser.add_authenticator().await?;
    let (ada, _) = with_passkey(t).await?;
    sign_out(t).await?;
    t.browser.find("#login-username[autocomplete='username webauthn']").await?;
    // The virtual authenticator takes the offer at once.
    t.browser.click("#login-username").await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await
}

async fn a_passkey_is_the_second_step_after_a_password(t: &Context) -> Result {
    t.browser.add_authenticator().await?;
    let (ada, _) = with_passkey(t).await?;
    sign_out(t).await?;
    fill_without_offer(t, &ada).await?;
    SecondStep::expect(&t.browser).await?.use_passkey().await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    SecondStep::expect_none(&t.browser).await
}

async fn a_field_that_waits_for_a_passkey_is_not_in_the_way(t: &Context) -> Result {
    let device = t.browser.add_authenticator().await?;
    let (ada, _) = with_passkey(t).await?;
    let passkey = device.credentials().await?.pop().context("no passkey is there")?;
    device.remove_credentials().await?;
    sign_out(t).await?;
    // The field asks, and nothing answers.
    LoginPage::expect(&t.browser).await?.submit_as(&ada).await?;
    let step = SecondStep::expect(&t.browser).await?;
    device.add_credential(passkey).await?;
    step.use_passkey().await?;
    ProtectedPage(&t.browser).expect_content_for(&ada.name).await
}

/// Gives name and password, and does not come to the field that offers passkeys.
async fn fill_without_offer(t: &Context, user: &User) -> Result {
    let script = "
        for (const name of ['username', 'password']) {
            document.querySelector(`#login-form [name=${name}]`).value = arguments[0][name];
        }
        document.getElementById('login-form').requestSubmit()";
    t.browser.see("#login-form [type='submit']:enabled").await?;
    t.browser
        .execute(script, &[json!({ "username": user.name, "password": user.password.expose() })])
        .await
        .map(drop)
}

async fn who_is_not_verified_is_not_signed_in(t: &Context) -> Result {
    let device = t.browser.add_authenticator().await?;
    with_passkey(t).await?;
    sign_out(t).await?;
    device.verify_user(false).await?;
    t.browser.click(LoginPage::PASSKEY).await?;
    t.browser.see_text("[data-view='login'] .passkey [role='alert']", "no passkey").await?;
    device.verify_user(true).await?;
    device.remove().await?;
    t.browser.add_authenticator().await?;
    t.browser.click(LoginPage::PASSKEY).await?;
    t.browser.see_text("[data-view='login'] .passkey [role='alert']", "no passkey").await?;
    LoginPage::expect(&t.browser).await.map(drop)
}

async fn a_browser_without_the_passkey_has_recovery_codes(t: &Context) -> Result {
    t.browser.add_authenticator().await?;
    let (ada, codes) = with_passkey(t).await?;
    let other = t.another_browser().await?;
    LoginPage::open(&other).await?.submit_as(&ada).await?;
    SecondStep::expect(&other).await?;
    other.fill("#factor-code", &codes[0]).await?;
    other.click("#factor-form [type='submit']").await?;
    ProtectedPage(&other).expect_content_for(&ada.name).await?;
    Header(&other).expect_user(&ada.name).await
}

async fn a_copied_passkey_is_refused(t: &Context) -> Result {
    let device = t.browser.add_authenticator().await?;
    let (ada, _) = with_passkey(t).await?;
    let copy = device.credentials().await?.pop().context("no passkey is there")?;
    for _ in 0..2 {
        sign_out(t).await?;
        t.browser.click(LoginPage::PASSKEY).await?;
        ProtectedPage(&t.browser).expect_content_for(&ada.name).await?;
    }
    device.remove().await?;
    t.browser.add_authenticator().await?.add_credential(copy).await?;
    sign_out(t).await?;
    t.browser.click(LoginPage::PASSKEY).await?;
    let login = LoginPage::expect(&t.browser).await?;
    login.expect_alert("does not sign anybody in").await?;
    ensure!(t.site.log()?.contains("counter went back"), "the log does not say it");
    Ok(())
}

async fn two_passkeys_are_told_apart_renamed_and_removed(t: &Context) -> Result {
    let first = t.browser.add_authenticator().await?;
    with_passkey(t).await?;
    let security = Security(&t.browser);
    // One device makes one passkey for an account.
    security.add_passkey("Again").await?;
    security.expect_text("has a passkey for your account already").await?;
    first.remove().await?;
    t.browser.add_authenticator().await?;
    security.add_passkey("My key").await?;
    security.expect_passkeys(&["My phone", "My key"]).await?;
    security.rename_passkey("My key", "Desk").await?;
    security.expect_passkeys(&["My phone", "Desk"]).await?;
    security.remove_passkey("My phone").await?;
    security.expect_passkeys(&["Desk"]).await
}

async fn the_last_passkey_takes_the_recovery_codes_along(t: &Context) -> Result {
    let device = t.browser.add_authenticator().await?;
    let (ada, _) = with_passkey(t).await?;
    let security = Security(&t.browser);
    security.remove_passkey("My phone").await?;
    security.expect_passkeys(&[]).await?;
    t.browser.see_no("[data-do='new-codes']").await?;
    device.remove().await?;
    sign_out(t).await?;
    LoginPage::open(&t.browser).await?.sign_in(&ada).await
}

async fn a_passkey_proves_again_who_somebody_is(t: &Context) -> Result {
    t.browser.add_authenticator().await?;
    let (ada, _) = with_passkey(t).await?;
    crate::second_factor::let_the_login_age(t).await?;
    let security = Security(&t.browser);
    security.press("new-codes").await?;
    FreshnessPrompt::expect(&t.browser).await?;
    t.browser.click("#fresh [data-do='passkey']").await?;
    FreshnessPrompt::expect_none(&t.browser).await?;
    security.expect_text("The old recovery codes are void").await?;
    Header(&t.browser).expect_user(&ada.name).await
}

async fn a_page_at_an_ip_address_says_why_there_are_none(t: &Context) -> Result {
    let ada = t.new_user().await?;
    let by_ip = t.site.url().replace("localhost", "127.0.0.1");
    t.browser.client().goto(&format!("{by_ip}/login")).await?;
    LoginPage::expect(&t.browser).await?.submit_as(&ada).await?;
    t.browser.see("[data-view='protected']").await?;
    t.browser.click("header a[href$='/account']").await?;
    Security(&t.browser).expect_text("browsers have none for an IP address").await?;
    t.browser.see_gone("[data-form='add-passkey']").await
}
