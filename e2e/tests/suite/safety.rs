//! What the page must not do, whoever asks it to.

use anyhow::ensure;
use hallpass_e2e::pages::{Header, LoginPage, ProtectedPage, RegisterPage};
use hallpass_e2e::{Context, PASSWORD, Result, Test, User, tests};

pub fn tests() -> Vec<Test> {
    tests![
        nothing_in_the_whole_journey_breaks_the_content_security_policy.needs_users(),
        the_policy_stops_markup_made_of_strings,
        a_password_is_neither_stored_nor_in_the_address.needs_users(),
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
    let console = browser.console().await?;
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
