//! Servers that are offline, slow, busy or broken, and pages that came before their program.

use anyhow::ensure;
use hallpass_e2e::pages::{LoginPage, ProtectedPage, RegisterPage};
use hallpass_e2e::{Answer, Browser, Context, PASSWORD, Result, Test, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![
        offline_is_told_and_what_was_typed_stays.needs_server(),
        a_page_that_did_not_load_comes_by_itself.needs_server(),
        a_broken_page_is_told_and_can_be_tried_again.needs_server(),
        too_many_attempts_are_told_with_the_time_to_wait.needs_server(),
        the_page_of_a_broken_proxy_is_told_in_words.needs_server(),
        a_request_that_breaks_off_leaves_no_form_busy.needs_server(),
        a_form_that_was_left_busy_is_ready_when_one_comes_back.needs_server(),
        a_slow_server_is_told_to_be_slow.needs_server(),
        a_server_that_restarts_in_the_middle_is_hardly_noticed.needs_server(),
        back_forward_and_deep_links_lead_where_they_say.needs_account(),
        a_form_is_there_before_the_program.needs_server(),
    ]
}

const ALERT: &str = "#login-form [role='alert']";

async fn offline_is_told_and_what_was_typed_stays(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.new_user().await?);
    let login = LoginPage::open(browser).await?;
    t.site.go_offline()?;
    login.submit_as(&ada).await?;
    login.expect_alert("could not be reached").await?;
    browser.see_value(&login.field("username"), &ada.name).await?;
    browser.see_value(&login.field("password"), PASSWORD).await?;
    t.site.go_online()?;
    browser.click("#login-form [type='submit']").await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await
}

async fn a_page_that_did_not_load_comes_by_itself(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    t.site.answer("GET /api/protected", 2, Answer::status(503).retry_after(2))?;
    browser.reload().await?;
    browser.see_text("[data-view='protected'] [data-text='failure']", "busy").await?;
    browser.see_text("[data-view='protected'] [data-text='retrying']", "by itself in").await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    browser.see_no("[data-view='protected'] [data-show='failed']").await
}

async fn a_broken_page_is_told_and_can_be_tried_again(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    t.site.answer("GET /api/protected", 1, Answer::status(500))?;
    browser.reload().await?;
    browser.see_text("[data-view='protected'] [role='alert']", "went wrong").await?;
    let before = t.site.requests("GET /api/protected")?.len();
    browser.click("[data-view='protected'] [data-action='retry']").await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    let asked = t.site.requests("GET /api/protected")?.len() - before;
    ensure!(asked == 1, "asked {asked} times: not only the click has tried again");
    Ok(())
}

async fn too_many_attempts_are_told_with_the_time_to_wait(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.new_user().await?);
    let login = LoginPage::open(browser).await?;
    t.site.answer("POST /api/login", 1, Answer::status(429).retry_after(3))?;
    login.submit_as(&ada).await?;
    login.expect_alert("Too many attempts").await?;
    let said = browser.see(ALERT).await?.text().await?;
    ensure!(!said.contains("second"), "the alert does not count down: {said}");
    browser.see_text("#login-form [data-wait]", "Try again in 1 second.").await?;
    browser.see_no("#login-form [data-wait]").await?;
    browser.see_no(ALERT).await?;
    browser.see_value(&login.field("password"), PASSWORD).await?;
    browser.click("#login-form [type='submit']").await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await
}

async fn the_page_of_a_broken_proxy_is_told_in_words(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.new_user().await?);
    let login = LoginPage::open(browser).await?;
    for (status, words) in [(502, "Try again"), (404, "did not accept"), (200, "unexpected")] {
        let page = Answer::status(status).body("text/html", "<h1>nginx</h1>");
        t.site.answer("POST /api/login", 1, page)?;
        login.submit_as(&ada).await?;
        login.expect_alert(words).await?;
        let said = browser.see(ALERT).await?.text().await?;
        ensure!(!said.contains("nginx"), "{said}");
    }
    login.sign_in(&ada).await
}

async fn a_request_that_breaks_off_leaves_no_form_busy(t: &Context) -> Result {
    let browser = &t.browser;
    let register = RegisterPage::open(browser).await?;
    let held = t.site.hold("POST /api/register")?;
    register.submit("somebody", PASSWORD).await?;
    held.arrived().await?;
    browser.find("#register-form[aria-busy='true'] [type='submit']:disabled").await?;
    t.site.go_offline()?;
    register.expect_alert("could not be reached").await?;
    browser.find("#register-form[aria-busy='false'] [type='submit']:enabled").await?;
    browser.see_value(&register.field("password"), PASSWORD).await
}

async fn a_form_that_was_left_busy_is_ready_when_one_comes_back(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.new_user().await?);
    let login = LoginPage::open(browser).await?;
    let held = t.site.hold("POST /api/login")?;
    login.submit_as(&ada).await?;
    held.arrived().await?;
    browser.click("header .brand").await?;
    browser.see("[data-view='home']").await?;
    browser.back().await?;
    let login = LoginPage::expect(browser).await?;
    browser.find("#login-form[aria-busy='false'] [type='submit']:enabled").await?;
    held.release();
    login.sign_in(&ada).await
}

async fn a_slow_server_is_told_to_be_slow(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let held = t.site.hold("GET /api/protected")?;
    browser.reload().await?;
    held.arrived().await?;
    browser.see_text("#connection", "Still waiting").await?;
    held.release();
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    browser.see_no("#connection").await
}

async fn a_server_that_restarts_in_the_middle_is_hardly_noticed(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    browser.click("header .brand").await?;
    t.site.kill().await?;
    browser.click("[data-view='home'] a[href$='/protected']").await?;
    browser.see("[data-view='protected'] [data-show='failed']").await?;
    t.site.start().await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await
}

async fn view(browser: &Browser, name: &str, path: &str) -> Result {
    browser.see(&format!("[data-view='{name}']")).await?;
    browser.expect_path(path).await
}

async fn back_forward_and_deep_links_lead_where_they_say(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.account().await?);
    LoginPage::open(browser).await?.sign_in(&ada).await?;
    browser.goto("/account?from=a-mail").await?;
    view(browser, "account", "/account?from=a-mail").await?;
    browser.click("header .brand").await?;
    view(browser, "home", "/").await?;
    browser.click("[data-view='home'] a[href$='/protected']").await?;
    view(browser, "protected", "/protected").await?;
    browser.back().await?;
    view(browser, "home", "/").await?;
    browser.back().await?;
    view(browser, "account", "/account?from=a-mail").await?;
    browser.forward().await?;
    view(browser, "home", "/").await
}

/// Where the page says that the module is.
const MODULE: &str = "return new URL(document.querySelector('link[as=fetch]').href).pathname";

async fn a_form_is_there_before_the_program(t: &Context) -> Result {
    t.browser.goto("/").await?;
    let module = t.browser.execute(MODULE, &[]).await?;
    let held = t.site.hold(module.as_str().unwrap_or_default())?;
    // One that has nothing in its cache.
    let (browser, ada) = (t.another_browser().await?, t.new_user().await?);
    browser.visit("/login").await?;
    held.arrived().await?;
    let name = browser.see("#login-form [name='username']").await?;
    let painted = "return performance.getEntriesByName('first-contentful-paint').length > 0 \
                   && document.documentElement.dataset.app";
    let before = async || Ok(browser.execute(painted, &[]).await? == "loading");
    browser.eventually("something is painted before the program is there", before).await?;
    name.send_keys(&ada.name).await?;
    held.release();
    let form = LoginPage::expect(&browser).await?;
    browser.find("html[data-app='ready']").await?;
    form.expect_username(&ada.name).await?;
    form.sign_in(&ada).await
}
