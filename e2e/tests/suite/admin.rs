//! The admin page, and who may see it.

use std::fmt::Write as _;
use std::fs;

use anyhow::ensure;
use hallpass_e2e::pages::{AdminPage, Header, LoginPage, ProtectedPage, ResetPage};
use hallpass_e2e::{Context, PASSWORD, Result, Test, User, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![
        without_the_role_the_page_is_forbidden_until_it_is_given.needs_server(),
        an_admin_who_is_none_any_more_is_shown_out.needs_server(),
        users_are_listed_a_page_at_a_time.needs_server(),
        a_disabled_user_is_out_at_once_until_enabled.needs_admin().needs_users(),
        roles_are_given_and_refused_in_words.needs_admin().needs_users(),
        the_last_admin_stays_one.needs_server(),
        a_user_can_be_signed_out_everywhere.needs_admin().needs_users(),
        a_reset_link_sets_one_password_once.needs_admin().needs_users(),
        a_row_shows_what_the_server_has_after_each_action.needs_admin().needs_users(),
        an_admins_way_leads_from_the_header_to_the_users.needs_admin(),
        a_reset_link_that_nobody_made_is_refused_in_words,
    ]
}

const NEW_PASSWORD: &str = "tulip anvil copper midnight";
const FORBIDDEN: &str = "[data-view='forbidden']";

async fn admin(t: &Context) -> Result<User> {
    let root = t.admin().await?;
    LoginPage::open(&t.browser).await?.sign_in(&root).await?;
    Ok(root)
}

async fn without_the_role_the_page_is_forbidden_until_it_is_given(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    browser.goto("/admin?x=1").await?;
    browser.see(FORBIDDEN).await?;
    browser.expect_path("/admin?x=1").await?;
    ensure!(t.site.requests("GET /api/admin/users")?.is_empty(), "it was asked for");
    browser.see_no("header a[href$='/admin']").await?;
    browser.click(&format!("{FORBIDDEN} [data-action='retry']")).await?;
    let asked = async || Ok(!t.site.requests("GET /api/admin/users")?.is_empty());
    browser.eventually("the server was asked", asked).await?;
    browser.see(FORBIDDEN).await?;
    t.site.hallpass(&["user", "roles", &ada.name, "--add", "admin"]).await?;
    browser.click(&format!("{FORBIDDEN} [data-action='retry']")).await?;
    AdminPage::expect(browser).await?.row(&ada.name).await?;
    browser.see("header a[href$='/admin']").await?;
    Ok(())
}

async fn an_admin_who_is_none_any_more_is_shown_out(t: &Context) -> Result {
    let root = admin(t).await?;
    let ada = t.new_user().await?;
    let page = AdminPage::open(&t.browser).await?;
    t.site.add_admin(&User::invent()).await?;
    t.site.hallpass(&["user", "roles", &root.name, "--remove", "admin"]).await?;
    page.press(&ada.name, "disable").await?;
    t.browser.see(FORBIDDEN).await?;
    LoginPage::open(&t.another_browser().await?).await?.sign_in(&ada).await
}

async fn users_are_listed_a_page_at_a_time(t: &Context) -> Result {
    admin(t).await?;
    let mut lines = String::from("username,password_hash\n");
    for n in 0..45 {
        writeln!(lines, "many-{n:02},pbkdf2:sha256:1000$salt${}", "ab".repeat(32))?;
    }
    let file = tempfile::NamedTempFile::with_suffix(".csv")?;
    fs::write(file.path(), lines)?;
    t.site.hallpass(&["user", "import", &file.path().to_string_lossy()]).await?;
    let page = AdminPage::open(&t.browser).await?;
    let mut seen = page.names().await?;
    ensure!(seen.len() == 20, "{seen:?}");
    for (path, expected) in [("/admin?after=", 20), ("/admin?after=", 6)] {
        let last = seen.last().cloned().unwrap_or_default();
        t.browser.click("[data-view='admin'] [data-link='next-page']").await?;
        let turned = async || {
            let names = page.names().await?;
            Ok(!names.is_empty() && !names.contains(&last))
        };
        t.browser.eventually("the next page is there", turned).await?;
        ensure!(t.browser.path().await?.starts_with(path));
        let names = page.names().await?;
        ensure!(names.len() == expected, "{names:?}");
        seen.extend(names);
    }
    t.browser.see_no("[data-link='next-page']").await?;
    let (first, second) = (seen[..20].to_vec(), seen[20..40].to_vec());
    seen.sort();
    seen.dedup();
    ensure!(seen.len() == 46, "some are listed twice or not at all: {seen:?}");
    t.browser.back().await?;
    page.row(&second[0]).await?;
    t.browser.click("[data-show='first-page']").await?;
    page.row(&first[0]).await?;
    t.browser.expect_path(AdminPage::PATH).await
}

async fn a_disabled_user_is_out_at_once_until_enabled(t: &Context) -> Result {
    admin(t).await?;
    let (ada, phone) = (t.new_user().await?, t.another_browser().await?);
    LoginPage::open(&phone).await?.sign_in(&ada).await?;
    let page = AdminPage::open_at(&t.browser, &ada).await?;
    page.press(&ada.name, "disable").await?;
    let row = page.row(&ada.name).await?;
    t.browser.see(&format!("{row} [data-part='disabled'].tag")).await?;
    phone.reload().await?;
    let login = LoginPage::expect(&phone).await?;
    login.submit_as(&ada).await?;
    login.expect_alert("wrong").await?;
    page.press(&ada.name, "enable").await?;
    t.browser.see_no(&format!("{row} [data-part='disabled'].tag")).await?;
    login.sign_in(&ada).await
}

async fn roles_are_given_and_refused_in_words(t: &Context) -> Result {
    admin(t).await?;
    let (ada, phone) = (t.new_user().await?, t.another_browser().await?);
    LoginPage::open(&phone).await?.sign_in(&ada).await?;
    let page = AdminPage::open_at(&t.browser, &ada).await?;
    page.set_roles(&ada.name, "user, billing:read").await?;
    page.expect_done(&ada.name, "Saved").await?;
    phone.reload().await?;
    phone.see_text("[data-view='protected'] [data-text='roles']", "billing:read").await?;
    let row = page.row(&ada.name).await?;
    page.set_roles(&ada.name, "No Role!").await?;
    t.browser.see(&format!("{row} [role='alert']")).await?;
    t.browser.see_value(&format!("{row} [name='roles']"), "No Role!").await
}

async fn the_last_admin_stays_one(t: &Context) -> Result {
    let root = admin(t).await?;
    let page = AdminPage::open(&t.browser).await?;
    let own = page.row(&root.name).await?;
    page.set_roles(&root.name, "user").await?;
    t.browser.see_text(&format!("{own} [role='alert']"), "last admin").await?;
    t.browser.reload().await?;
    let server = t.site.sign_in_elsewhere(&root).await?;
    page.expect_row(&server.listed(&root).await?).await
}

/// Whether a row offers a reset link.
const LINK: &str = "[data-part='reset']";

async fn a_row_shows_what_the_server_has_after_each_action(t: &Context) -> Result {
    let (browser, root) = (&t.browser, admin(t).await?);
    let server = t.site.sign_in_elsewhere(&root).await?;
    let (ada, bob) = (t.new_user().await?, t.new_user().await?);
    let page = AdminPage::open_at(browser, &ada).await?;
    let (row, other) = (page.row(&ada.name).await?, page.row(&bob.name).await?);
    let before = server.listed(&bob).await?;
    for action in ["disable", "enable", "roles", "end-user-sessions", "offer-reset"] {
        match action {
            "roles" => page.set_roles(&ada.name, "  user,billing:read zebra user ").await?,
            _ => page.press(&ada.name, action).await?,
        }
        page.expect_done(&ada.name, &ada.name).await?;
        let now = server.listed(&ada).await?;
        ensure!(now.disabled == (action == "disable"), "{action}: {now:?}");
        page.expect_row(&now).await?;
        page.expect_row(&before).await?;
        if action != "offer-reset" {
            browser.see_no(&format!("{row} {LINK}")).await?;
        }
    }
    let roles = server.listed(&ada).await?.roles;
    ensure!(["billing:read", "user", "zebra"].iter().all(|it| roles.iter().any(|has| has == it)));
    browser.see(&format!("{row} {LINK}")).await?;
    browser.see_no(&format!("{other} {LINK}")).await?;
    // What one action said is over when the next begins.
    page.press(&bob.name, "disable").await?;
    page.expect_done(&bob.name, &bob.name).await?;
    browser.see_no(&format!("{row} {LINK}")).await?;
    browser.reload().await?;
    page.expect_row(&server.listed(&ada).await?).await?;
    page.expect_row(&server.listed(&bob).await?).await
}

async fn an_admins_way_leads_from_the_header_to_the_users(t: &Context) -> Result {
    let root = admin(t).await?;
    Header(&t.browser).expect_user(&root.name).await?;
    t.browser.click("header a[href$='/admin']").await?;
    let page = AdminPage::expect(&t.browser).await?;
    t.browser.expect_path(AdminPage::PATH).await?;
    t.browser.expect_focus("#admin-title").await?;
    ensure!(!page.names().await?.is_empty(), "no user is listed");
    Ok(())
}

async fn a_user_can_be_signed_out_everywhere(t: &Context) -> Result {
    admin(t).await?;
    let (ada, phone) = (t.new_user().await?, t.another_browser().await?);
    LoginPage::open(&phone).await?.sign_in(&ada).await?;
    let page = AdminPage::open_at(&t.browser, &ada).await?;
    page.press(&ada.name, "end-user-sessions").await?;
    page.expect_done(&ada.name, "signed out everywhere").await?;
    phone.reload().await?;
    LoginPage::expect(&phone).await?.sign_in(&ada).await
}

async fn a_reset_link_sets_one_password_once(t: &Context) -> Result {
    admin(t).await?;
    let (ada, phone) = (t.new_user().await?, t.another_browser().await?);
    let page = AdminPage::open_at(&t.browser, &ada).await?;
    page.press(&ada.name, "offer-reset").await?;
    let link = page.reset_link(&ada.name).await?;
    let reset = ResetPage::open(&phone, &link).await?;
    reset.submit("too short").await?;
    reset.expect_error("at least 15").await?;
    reset.submit(NEW_PASSWORD).await?;
    phone.see_text("#status", "Your new password is saved").await?;
    let login = LoginPage::expect(&phone).await?;
    login.submit(&ada.name, PASSWORD).await?;
    login.expect_alert("wrong").await?;
    login.sign_in(&User::new(&ada.name, NEW_PASSWORD)).await?;
    Header(&phone).sign_out().await?;
    let again = ResetPage::open(&phone, &link).await?;
    again.submit("another password to no avail").await?;
    again.expect_alert("link").await?;
    let login = LoginPage::open(&phone).await?;
    login.sign_in(&User::new(&ada.name, NEW_PASSWORD)).await?;
    ProtectedPage(&phone).expect_content_for(&ada.name).await
}

async fn a_reset_link_that_nobody_made_is_refused_in_words(t: &Context) -> Result {
    let reset = ResetPage::open(&t.browser, "/reset-password#AAAA").await?;
    reset.submit(NEW_PASSWORD).await?;
    reset.expect_alert("link").await
}
