//! What everybody needs, and some need more: WCAG 2.2 AA by axe-core on every screen, the focus,
//! the keyboard, small screens, both colour schemes.

use anyhow::ensure;
use hallpass_e2e::pages::{
    AccountPage, AdminPage, FreshnessPrompt, LoginPage, ProtectedPage, RegisterPage, SecondStep,
    Security, SetUp,
};
use hallpass_e2e::{Answer, Browser, Context, Key, Media, PASSWORD, Result, Test, User, tests};

pub(crate) fn tests() -> Vec<Test> {
    let large = Media { font_size: Some(32), ..Media::default() };
    let dark = Media { dark: true, reduced_motion: true, ..Media::default() };
    tests![
        visitors_screens_are_accessible,
        visitors_screens_are_accessible_in_the_dark.media(dark),
        visitors_screens_are_accessible_on_a_phone,
        visitors_screens_are_accessible_in_large_text.media(large),
        members_screens_are_accessible.server_args(FRESH),
        members_screens_are_accessible_in_the_dark.server_args(FRESH).media(dark),
        members_screens_are_accessible_on_a_phone.server_args(FRESH),
        members_screens_are_accessible_in_large_text.server_args(FRESH).media(large),
        second_factors_are_accessible.needs_users(),
        second_factors_are_accessible_in_the_dark.needs_users().media(dark),
        second_factors_are_accessible_on_a_phone.needs_users(),
        second_factors_are_accessible_in_large_text.needs_users().media(large),
        a_required_set_up_is_accessible_in_the_dark.server_args(REQUIRED).media(dark),
        a_required_set_up_is_accessible_on_a_phone.server_args(REQUIRED),
        a_required_set_up_is_accessible_in_large_text.server_args(REQUIRED).media(large),
        a_closed_registration_is_accessible.server_args(&["--registration", "closed"]),
        the_focus_goes_with_the_route.needs_account(),
        an_error_is_announced_and_gets_the_focus,
        the_whole_journey_takes_a_keyboard_alone.needs_users(),
        who_wants_no_motion_sees_none
            .media(Media { reduced_motion: true, ..Media::default() })
            .needs_server(),
        both_colour_schemes_are_there.media(dark),
    ]
}

/// A login is too old after a second, so that the dialog is seen.
const FRESH: &[&str] = &["--fresh-for", "1s"];

/// Everybody must have a second factor.
const REQUIRED: &[&str] = &["--require-second-factor", "all"];

/// No violation, and nothing that has to be scrolled sideways.
async fn expect_good(browser: &Browser) -> Result {
    browser.expect_accessible().await?;
    let script = "return [document.documentElement.scrollWidth, innerWidth]";
    let widths = browser.execute(script, &[]).await?;
    ensure!(widths[0].as_u64() <= widths[1].as_u64(), "wider than the window: {widths}");
    let cut = browser.execute(CUT, &[]).await?;
    ensure!(cut.as_array().is_some_and(Vec::is_empty), "cut off, or one over the other: {cut}");
    Ok(())
}

/// The texts and controls that reach beyond the window or beyond the box that clips them. A name in
/// the header may end in an ellipsis.
const CUT: &str = "
    const shown = element => element.checkVisibility() && element.getClientRects().length > 0;
    const aside = '.visually-hidden, .skip, .nav-user strong, .brand span, dialog:not([open]) *';
    const all = [...document.querySelectorAll('body *')]
        .filter(element => shown(element) && !element.closest(aside));
    const beyond = all.filter(element => {
        const { left, right } = element.getBoundingClientRect();
        return left < -0.5 || right > innerWidth + 0.5 || element.tagName === 'BUTTON'
            && element.scrollWidth > element.clientWidth + 1;
    });
    return beyond.map(element => element.outerHTML.slice(0, 120))";

async fn visitors_screens(t: &Context) -> Result {
    let browser = &t.browser;
    for path in
        ["/", "/login", "/register", "/reset-password", "/reset-password#t0ken", "/no/such/page"]
    {
        browser.goto(path).await?;
        expect_good(browser).await?;
    }
    browser.goto("/protected").await?;
    let login = LoginPage::expect(browser).await?;
    login.submit("", "").await?;
    login.expect_field_error("username", "Enter").await?;
    expect_good(browser).await?;
    let register = RegisterPage::open(browser).await?;
    register.submit("a b", "too short").await?;
    register.expect_field_error("username", "spaces").await?;
    expect_good(browser).await
}

async fn visitors_screens_are_accessible(t: &Context) -> Result {
    visitors_screens(t).await
}

async fn visitors_screens_are_accessible_in_the_dark(t: &Context) -> Result {
    visitors_screens(t).await
}

async fn visitors_screens_are_accessible_on_a_phone(t: &Context) -> Result {
    t.browser.resize(320, 640).await?;
    visitors_screens(t).await
}

async fn visitors_screens_are_accessible_in_large_text(t: &Context) -> Result {
    t.browser.resize(375, 667).await?;
    visitors_screens(t).await
}

async fn members_screens(t: &Context) -> Result {
    let browser = &t.browser;
    // As long as a name can be.
    let root = User::new("w".repeat(64), PASSWORD);
    t.site.add_admin(&root).await?;
    let ada = t.new_user().await?;
    LoginPage::open(browser).await?.sign_in(&root).await?;
    expect_good(browser).await?;
    browser.click("header .brand").await?;
    browser.see("[data-view='home'] a[href$='/account']").await?;
    expect_good(browser).await?;
    let admin = AdminPage::open(browser).await?;
    let row = admin.row(&ada.name).await?;
    admin.set_roles(&ada.name, "No Role!").await?;
    browser.see(&format!("{row} [role='alert']")).await?;
    expect_good(browser).await?;
    admin.press(&ada.name, "offer-reset").await?;
    dialog_or_link(t, &admin, &ada).await?;
    expect_good(browser).await?;
    let account = AccountPage::open(browser).await?;
    expect_good(browser).await?;
    account.delete("somebody else").await?;
    expect_good(browser).await?;
    let old = std::time::Instant::now();
    let waited = async || Ok(old.elapsed().as_secs() >= 2);
    browser.eventually("the login is too old", waited).await?;
    account.delete(&root.name).await?;
    FreshnessPrompt::expect(browser).await?;
    expect_good(browser).await?;
    t.site.answer("GET /api/protected", 1, Answer::status(500))?;
    browser.goto(ProtectedPage::PATH).await?;
    browser.see("[data-view='protected'] [data-show='failed']").await?;
    expect_good(browser).await?;
    browser.goto("/no/such/page").await?;
    expect_good(browser).await?;
    t.site.hallpass(&["user", "roles", &ada.name, "--add", "admin"]).await?;
    t.site.hallpass(&["user", "roles", &root.name, "--remove", "admin"]).await?;
    browser.goto(AdminPage::PATH).await?;
    browser.see("[data-view='forbidden']").await?;
    expect_good(browser).await
}

/// Shows a reset link, through the dialog if that has come up.
async fn dialog_or_link(t: &Context, admin: &AdminPage<'_>, user: &User) -> Result {
    let script = "return document.querySelector('#fresh').open \
                  || !!document.querySelector('[data-part=reset]:not([hidden])')";
    let either = async || Ok(t.browser.execute(script, &[]).await? == true);
    t.browser.eventually("there is a dialog or a link", either).await?;
    if t.browser.execute("return document.querySelector('#fresh').open", &[]).await? == true {
        FreshnessPrompt(&t.browser).confirm(PASSWORD).await?;
    }
    admin.reset_link(&user.name).await.map(drop)
}

async fn members_screens_are_accessible(t: &Context) -> Result {
    members_screens(t).await
}

async fn members_screens_are_accessible_in_the_dark(t: &Context) -> Result {
    members_screens(t).await
}

async fn members_screens_are_accessible_on_a_phone(t: &Context) -> Result {
    t.browser.resize(320, 640).await?;
    members_screens(t).await
}

async fn members_screens_are_accessible_in_large_text(t: &Context) -> Result {
    t.browser.resize(375, 667).await?;
    members_screens(t).await
}

async fn second_factor_screens(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.signed_in().await?);
    let security = Security::open(browser).await?;
    expect_good(browser).await?;
    security.press("add-totp").await?;
    let app = security.scan().await?;
    expect_good(browser).await?;
    security.confirm(&app.code(9)?).await?;
    security.expect_text("not the code").await?;
    expect_good(browser).await?;
    security.confirm(&app.code(0)?).await?;
    let codes = security.codes().await?;
    expect_good(browser).await?;
    browser.click("header [data-action='sign-out']").await?;
    browser.see("header a[href$='/login']").await?;
    LoginPage::open(browser).await?.submit_as(&ada).await?;
    let step = SecondStep::expect(browser).await?;
    expect_good(browser).await?;
    step.recover("no code").await?;
    step.expect_alert("wrong").await?;
    expect_good(browser).await?;
    browser.fill("#factor-code", &codes[0]).await?;
    browser.press([Key::Enter]).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await
}

async fn second_factors_are_accessible(t: &Context) -> Result {
    second_factor_screens(t).await
}

async fn second_factors_are_accessible_in_the_dark(t: &Context) -> Result {
    second_factor_screens(t).await
}

async fn second_factors_are_accessible_on_a_phone(t: &Context) -> Result {
    t.browser.resize(320, 640).await?;
    second_factor_screens(t).await
}

async fn second_factors_are_accessible_in_large_text(t: &Context) -> Result {
    t.browser.resize(375, 667).await?;
    second_factor_screens(t).await
}

async fn required_set_up(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.new_user().await?);
    LoginPage::open(browser).await?.submit_as(&ada).await?;
    let setup = SetUp::expect(browser).await?;
    setup.expect_text("Set up an app").await?;
    expect_good(browser).await?;
    setup.press("add-totp").await?;
    let app = setup.scan().await?;
    expect_good(browser).await?;
    setup.confirm(&app.code(9)?).await?;
    setup.expect_text("not the code").await?;
    expect_good(browser).await?;
    setup.confirm(&app.code(0)?).await?;
    setup.codes().await?;
    expect_good(browser).await?;
    setup.press("hide-codes").await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await
}

async fn a_required_set_up_is_accessible_in_the_dark(t: &Context) -> Result {
    required_set_up(t).await
}

async fn a_required_set_up_is_accessible_on_a_phone(t: &Context) -> Result {
    t.browser.resize(320, 640).await?;
    required_set_up(t).await
}

async fn a_required_set_up_is_accessible_in_large_text(t: &Context) -> Result {
    t.browser.resize(375, 667).await?;
    required_set_up(t).await
}

async fn a_closed_registration_is_accessible(t: &Context) -> Result {
    t.browser.goto(RegisterPage::PATH).await?;
    t.browser.see("[data-view='register'] [data-show='registration-closed']").await?;
    t.browser.see_no("#register-form").await?;
    expect_good(&t.browser).await
}

async fn the_focus_goes_with_the_route(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, t.account().await?);
    let login = LoginPage::open(browser).await?;
    login.sign_in(&ada).await?;
    browser.expect_focus("#protected-title").await?;
    browser.click("header a[href$='/account']").await?;
    browser.expect_focus("#account-title").await?;
    browser.back().await?;
    browser.expect_focus("#protected-title").await?;
    browser.click("header [data-action='sign-out']").await?;
    browser.expect_focus("[data-view='home'] [data-show='signed-out'] h1").await
}

async fn an_error_is_announced_and_gets_the_focus(t: &Context) -> Result {
    let browser = &t.browser;
    let login = LoginPage::open(browser).await?;
    login.submit("", "").await?;
    login.expect_field_error("username", "Enter").await?;
    browser.expect_focus(&login.field("username")).await?;
    let described = "
        const input = document.activeElement;
        const ids = input.getAttribute('aria-describedby').split(' ');
        return ids.some(id => document.getElementById(id).textContent.includes('Enter'))";
    ensure!(browser.execute(described, &[]).await? == true, "the field does not say it");
    login.submit_as(&User::invent()).await?;
    login.expect_alert("wrong").await?;
    browser.expect_focus(&login.field("password")).await
}

/// Presses Tab until this has the focus.
async fn tab_to(browser: &Browser, css: &str) -> Result {
    let script = "return document.activeElement.matches(arguments[0])";
    for _ in 0..40 {
        if browser.execute(script, &[css.into()]).await? == true {
            return Ok(());
        }
        browser.press([Key::Tab]).await?;
    }
    anyhow::bail!("the keyboard does not come to {css}")
}

async fn the_whole_journey_takes_a_keyboard_alone(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, User::invent());
    browser.goto("/").await?;
    tab_to(browser, ".skip").await?;
    tab_to(browser, "[data-view='home'] a[href$='/register']").await?;
    browser.press([Key::Enter]).await?;
    browser.expect_focus("#register-title").await?;
    tab_to(browser, "#register-form [name='username']").await?;
    browser.type_text(&ada.name).await?;
    tab_to(browser, "#register-form [name='password']").await?;
    browser.type_text(PASSWORD).await?;
    browser.press([Key::Enter]).await?;
    RegisterPage::settle(browser, PASSWORD).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    browser.press([Key::Shift, Key::Tab]).await?;
    browser.expect_focus("header [data-action='sign-out']").await?;
    browser.press([Key::Shift, Key::Tab]).await?;
    browser.press([Key::Enter]).await?;
    browser.expect_focus("#account-title").await?;
    tab_to(browser, "#delete-form [name='username']").await?;
    browser.type_text(&ada.name).await?;
    browser.press([Key::Enter]).await?;
    browser.see_text("#status", "Your account is deleted").await
}

async fn who_wants_no_motion_sees_none(t: &Context) -> Result {
    let login = LoginPage::open(&t.browser).await?;
    let held = t.site.hold("POST /api/login")?;
    login.submit("nobody", PASSWORD).await?;
    held.arrived().await?;
    let script = "
        const button = document.querySelector('#login-form[aria-busy=true] [type=submit]');
        return getComputedStyle(button, '::before').animationName";
    let animation = t.browser.execute(script, &[]).await?;
    ensure!(animation == "none", "{animation} turns");
    Ok(())
}

async fn both_colour_schemes_are_there(t: &Context) -> Result {
    let script = "return getComputedStyle(document.body).backgroundColor";
    t.browser.goto("/").await?;
    let light = t.another_browser().await?;
    light.goto("/").await?;
    let grounds = [t.browser.execute(script, &[]).await?, light.execute(script, &[]).await?];
    ensure!(grounds[0] != grounds[1], "{grounds:?}");
    Ok(())
}
