//! What the page must not do, whoever asks it to.

use anyhow::ensure;
use hallpass_contract::path;
use hallpass_e2e::pages::{Header, LoginPage, ProtectedPage, RegisterPage};
use hallpass_e2e::{Context, PASSWORD, Result, Test, User, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![
        nothing_in_the_whole_journey_breaks_the_content_security_policy.needs_users(),
        the_policy_stops_markup_made_of_strings,
        a_password_is_neither_stored_nor_in_the_address.needs_users(),
        a_script_in_a_username_is_a_name.needs_server(),
        a_script_in_an_address_is_an_address,
    ]
}

async fn nothing_in_the_whole_journey_breaks_the_content_security_policy(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, User::invent());
    browser.goto("/").await?;
    RegisterPage::open(browser).await?.submit_as(&ada).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    browser.reload().await?;
    Header(browser).sign_out().await?;
    LoginPage::open(browser).await?.sign_in(&ada).await?;
    browser.goto("/no/such/page").await?;
    browser.see("[data-view='not-found']").await?;
    // Browsers may note that such a page is a 404. And a page that loads before the sign-out is
    // answered tells the server again, which may have taken the cookie away by then.
    let mut console = browser.console().await?;
    console.retain(|line| !line.contains("404") && !line.contains(path::LOGOUT));
    ensure!(console.is_empty(), "the console says: {console:#?}");
    // A violation would have been seen.
    let inline = "const style = document.createElement('style'); \
                  style.textContent = 'p { color: red }'; document.head.append(style)";
    browser.execute(inline, &[]).await?;
    let told = async || {
        let console = browser.console().await?;
        Ok(console.iter().any(|line| {
            line.contains("Content Security Policy") || line.contains("Content-Security-Policy")
        }))
    };
    browser.eventually("the console tells of a violation", told).await
}

async fn the_policy_stops_markup_made_of_strings(t: &Context) -> Result {
    t.browser.goto("/").await?;
    let script = "try { document.body.innerHTML = '<p>injected'; return 'injected' } \
                  catch (error) { return error.name }";
    let outcome = t.browser.execute(script, &[]).await?;
    ensure!(outcome == "TypeError", "Trusted Types let it through: {outcome}");
    Ok(())
}

async fn a_password_is_neither_stored_nor_in_the_address(t: &Context) -> Result {
    let (browser, ada) = (&t.browser, User::invent());
    RegisterPage::open(browser).await?.submit_as(&ada).await?;
    ProtectedPage(browser).expect_content_for(&ada.name).await?;
    let script = "return JSON.stringify([location.href, {...localStorage}, \
                  {...sessionStorage}, document.cookie, \
                  [...document.querySelectorAll('input')].map(input => input.value)])";
    let kept = browser.execute(script, &[]).await?.to_string();
    ensure!(!kept.contains(PASSWORD), "{kept}");
    ensure!(!kept.contains("correct%20horse") && !kept.contains("correct+horse"), "{kept}");
    Ok(())
}

/// What a browser makes of markup, were it to read a name as such.
const MARKUP: &str = "<img/src=x/onerror=alert(1)>";

async fn a_script_in_a_username_is_a_name(t: &Context) -> Result {
    let (browser, mallory) = (&t.browser, User::new(MARKUP, PASSWORD));
    t.site.add_admin(&mallory).await?;
    LoginPage::open(browser).await?.submit_as(&mallory).await?;
    browser.see_text("#protected-message", MARKUP).await?;
    Header(browser).expect_user(MARKUP).await?;
    browser.goto("/account").await?;
    browser.see_text("#delete-title + p .name", MARKUP).await?;
    browser.fill("#delete-username", "somebody else").await?;
    browser.click("#delete-form [type='submit']").await?;
    browser.see_text("#delete-form [data-error-for='username']", MARKUP).await?;
    browser.goto("/admin").await?;
    browser.see_text("[data-list='users'] strong", MARKUP).await?;
    let roles = "[data-list='users'] [name='roles']";
    browser.fill(roles, "<script>alert(1)</script>").await?;
    browser.click("[data-list='users'] [type='submit']").await?;
    browser.see("[data-list='users'] [role='alert']").await?;
    expect_no_markup(t).await
}

async fn a_script_in_an_address_is_an_address(t: &Context) -> Result {
    let browser = &t.browser;
    for path in [
        "/%3Cimg%20src=x%20onerror=alert(1)%3E",
        "/login?next=%2F%3Cimg%20src=x%20onerror=alert(1)%3E",
        "/login?next=javascript:alert(1)",
        "/admin?after=%3Cimg%20src=x%20onerror=alert(1)%3E",
        "/reset-password#<img/src=x/onerror=alert(1)>",
    ] {
        browser.goto(path).await?;
        expect_no_markup(t).await?;
    }
    Ok(())
}

/// An alert would make each of these steps fail, too.
async fn expect_no_markup(t: &Context) -> Result {
    let count = "return document.querySelectorAll('img, [onerror], body script').length";
    let found = t.browser.execute(count, &[]).await?;
    ensure!(found == 0, "{found} elements made of text");
    Ok(())
}
