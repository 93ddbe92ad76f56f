//! What admins do on a bad day, on their page.

use anyhow::{Context as _, ensure};
use hallpass_e2e::pages::{
    AdminPage, BadDay, FreshnessPrompt, LoginPage, ProtectedPage, RegisterPage,
};
use hallpass_e2e::{Context, PASSWORD, Result, Test, User, tests};

/// Every login is too old after a second.
const FRESH: &[&str] = &["--fresh-for", "1s"];

pub(crate) fn tests() -> Vec<Test> {
    tests![
        users_are_found_by_a_part_of_their_names.needs_server(),
        one_session_of_a_user_is_ended_and_the_others_go_on.needs_admin().needs_users(),
        an_account_is_unlocked.needs_admin().needs_users(),
        registration_is_closed_and_opened.needs_server(),
        everybody_is_signed_out_once_the_admin_is_sure.needs_server(),
        what_takes_a_recent_login_asks_for_the_password_and_goes_on.server_args(FRESH),
        a_network_is_blocked_and_the_admin_is_asked_before_it_is_their_own.needs_server(),
        a_key_is_revoked_and_nobody_is_signed_out.needs_server(),
        what_happened_is_on_record_of_all_and_of_one_user.needs_server(),
        nobody_else_loads_what_admins_need.needs_server(),
    ]
}

async fn admin(t: &Context) -> Result<User> {
    let root = t.admin().await?;
    LoginPage::open(&t.browser).await?.sign_in(&root).await?;
    Ok(root)
}

async fn users_are_found_by_a_part_of_their_names(t: &Context) -> Result {
    admin(t).await?;
    let (browser, page) = (&t.browser, AdminPage(&t.browser));
    for name in ["Smith-one", "other-user", "two-smith"] {
        t.site.add_user(User::new(name, PASSWORD)).await?;
    }
    let bad_day = BadDay::open(browser).await?;
    bad_day.find("sMITH").await?;
    let found = async || Ok(page.names().await? == ["Smith-one", "two-smith"]);
    browser.eventually("the two are found", found).await?;
    browser.expect_path("/admin?search=sMITH").await?;
    browser.reload().await?;
    browser.eventually("the two are found again", found).await?;
    browser.see_value("[data-form='search'] input", "sMITH").await?;
    // Each row has its buttons, whenever it comes.
    bad_day.press("two-smith", "unlock").await?;
    bad_day.expect_done("two-smith", "forgotten").await?;
    bad_day.find("x/&?=").await?;
    browser.see("[data-show='no-users']").await?;
    browser.back().await?;
    page.row("Smith-one").await?;
    browser.see_value("[data-form='search'] input", "sMITH").await?;
    browser.click("[data-show='first-page']").await?;
    page.row("other-user").await.map(drop)
}

async fn one_session_of_a_user_is_ended_and_the_others_go_on(t: &Context) -> Result {
    admin(t).await?;
    let ada = t.new_user().await?;
    let (phone, laptop) = (t.another_browser().await?, t.another_browser().await?);
    for browser in [&phone, &laptop] {
        LoginPage::open(browser).await?.sign_in(&ada).await?;
        ProtectedPage(browser).expect_content_for(&ada.name).await?;
    }
    AdminPage::open_at(&t.browser, &ada).await?;
    let bad_day = BadDay(&t.browser);
    bad_day.press(&ada.name, "sessions").await?;
    let row = AdminPage(&t.browser).row(&ada.name).await?;
    let sessions = format!("{row} [data-list='user-sessions'] > [data-session]");
    // The one that was used last comes first.
    t.browser.click(&format!("{sessions}:nth-child(1) [data-do='end-session']")).await?;
    let ended = format!("{sessions}:nth-child(1) [role='status'][tabindex]");
    t.browser.see_text(&ended, "Signed out").await?;
    t.browser.see(&format!("{sessions}:nth-child(2) [data-do='end-session']")).await?;
    laptop.reload().await?;
    LoginPage::expect(&laptop).await?;
    phone.reload().await?;
    ProtectedPage(&phone).expect_content_for(&ada.name).await?;
    bad_day.press(&ada.name, "sessions").await?;
    t.browser.see_gone(&format!("{sessions}:nth-child(2)")).await?;
    t.browser.see(&sessions).await.map(drop)
}

async fn an_account_is_unlocked(t: &Context) -> Result {
    admin(t).await?;
    let ada = t.new_user().await?;
    AdminPage::open_at(&t.browser, &ada).await?;
    let bad_day = BadDay(&t.browser);
    bad_day.press(&ada.name, "unlock").await?;
    bad_day.expect_done(&ada.name, "forgotten").await
}

async fn registration_is_closed_and_opened(t: &Context) -> Result {
    admin(t).await?;
    let bad_day = BadDay::open(&t.browser).await?;
    bad_day.expect_registration("open").await?;
    bad_day.change_registration().await?;
    bad_day.expect_registration("closed").await?;
    let phone = t.another_browser().await?;
    phone.goto("/register").await?;
    phone.see("[data-show='registration-closed']").await?;
    t.browser.reload().await?;
    bad_day.expect_registration("closed").await?;
    bad_day.change_registration().await?;
    bad_day.expect_registration("open").await?;
    RegisterPage::open(&phone).await.map(drop)
}

async fn everybody_is_signed_out_once_the_admin_is_sure(t: &Context) -> Result {
    let root = admin(t).await?;
    let (ada, phone) = (t.new_user().await?, t.another_browser().await?);
    LoginPage::open(&phone).await?.sign_in(&ada).await?;
    ProtectedPage(&phone).expect_content_for(&ada.name).await?;
    let bad_day = BadDay::open(&t.browser).await?;
    t.browser.click("[data-do='end-all']").await?;
    t.browser.click("[data-do='end-none']").await?;
    phone.reload().await?;
    ProtectedPage(&phone).expect_content_for(&ada.name).await?;
    bad_day.end_all().await?;
    LoginPage::expect(&t.browser).await?;
    phone.reload().await?;
    LoginPage::expect(&phone).await?.sign_in(&ada).await?;
    LoginPage::expect(&t.browser).await?.submit_as(&root).await?;
    AdminPage::expect(&t.browser).await.map(drop)
}

async fn what_takes_a_recent_login_asks_for_the_password_and_goes_on(t: &Context) -> Result {
    admin(t).await?;
    let (browser, bad_day) = (&t.browser, BadDay::open(&t.browser).await?);
    let before = t.site.requests("GET /api/admin/users")?;
    let signed_in = before.first().map(|request| request.arrived);
    let old = async || Ok(signed_in.is_some_and(|at| at.elapsed().as_secs() >= 2));
    browser.eventually("the login is too old", old).await?;
    bad_day.change_registration().await?;
    FreshnessPrompt::expect(browser).await?.cancel().await?;
    let alert = "[aria-labelledby='registration-title'] [role='alert']";
    browser.see_text(alert, "It takes your password").await?;
    bad_day.expect_registration("open").await?;
    bad_day.change_registration().await?;
    let prompt = FreshnessPrompt::expect(browser).await?;
    prompt.confirm("wrong horse battery staple").await?;
    browser.see_text("#fresh-form [data-error-for='password']", "not your password").await?;
    prompt.confirm(PASSWORD).await?;
    FreshnessPrompt::expect_none(browser).await?;
    bad_day.expect_registration("closed").await
}

async fn a_network_is_blocked_and_the_admin_is_asked_before_it_is_their_own(t: &Context) -> Result {
    admin(t).await?;
    let (browser, bad_day) = (&t.browser, BadDay::open(&t.browser).await?);
    let card = "[aria-labelledby='blocks-title']";
    bad_day.block("nobody").await?;
    browser.see_text(&format!("{card} > [role='alert']"), "192.0.2.0/24").await?;
    bad_day.block("127.0.0.0/8").await?;
    browser.see_text(&format!("{card} > [role='alert']"), "own address is in this network").await?;
    browser.see("[data-do='block-really']").await?;
    bad_day.block("203.0.113.0/24").await?;
    bad_day.expect_blocked("203.0.113.0/24").await?;
    browser.see_gone("[data-do='block-really']").await?;
    browser.reload().await?;
    bad_day.expect_blocked("203.0.113.0/24").await?;
    bad_day.expect_blocked("guesses passwords").await?;
    bad_day.unblock().await?;
    bad_day.expect_blocked("is not blocked any more").await?;
    browser.reload().await?;
    browser.see("[data-list='keys'] > [data-signs]").await?;
    browser.see_gone("[data-list='blocks'] > [data-block]").await
}

async fn a_key_is_revoked_and_nobody_is_signed_out(t: &Context) -> Result {
    admin(t).await?;
    let (browser, bad_day) = (&t.browser, BadDay::open(&t.browser).await?);
    let key = "[data-list='keys'] > [data-signs]";
    let kid = async || anyhow::Ok(browser.see(key).await?.attr("data-key").await?);
    let before = kid().await?.context("a key without an id")?;
    bad_day.revoke_key().await?;
    browser.see_gone(&format!("[data-list='keys'] > [data-key='{before}']")).await?;
    browser
        .eventually("another key signs", async || Ok(kid().await? != Some(before.clone())))
        .await?;
    browser.reload().await?;
    AdminPage::expect(browser).await.map(drop)
}

async fn what_happened_is_on_record_of_all_and_of_one_user(t: &Context) -> Result {
    let root = admin(t).await?;
    let ada = t.new_user().await?;
    LoginPage::open(&t.another_browser().await?).await?.sign_in(&ada).await?;
    AdminPage::open_at(&t.browser, &ada).await?;
    let (browser, bad_day) = (&t.browser, BadDay(&t.browser));
    bad_day.press(&ada.name, "unlock").await?;
    bad_day.expect_done(&ada.name, "forgotten").await?;
    bad_day.press(&ada.name, "records").await?;
    let row = AdminPage(browser).row(&ada.name).await?;
    let record = |n: u8| format!("{row} [data-list='records'] > :nth-child({n})");
    browser.see_text(&record(1), "account unlocked").await?;
    browser.see_text(&record(1), &format!("by {}", root.name)).await?;
    browser.see_text(&record(2), "login").await?;
    browser.see_text(&record(3), "registration").await?;
    bad_day.records_of("account_unlocked").await?;
    let card = "[aria-labelledby='log-title'] [data-list='records']";
    browser.see_text(&format!("{card} > :only-child"), &ada.name).await
}

async fn nobody_else_loads_what_admins_need(t: &Context) -> Result {
    let loads = || t.site.requests("GET /assets/admin-");
    t.signed_in().await?;
    t.browser.goto("/account").await?;
    t.browser.see("[data-view='account'] [data-show='sessions']").await?;
    t.browser.goto("/admin").await?;
    t.browser.see("[data-view='forbidden']").await?;
    ensure!(loads()?.is_empty(), "it was loaded for somebody who is no admin");
    Ok(())
}
