use hallpass_e2e::Scenario;
use hallpass_e2e::pages::{Header, LoginPage};

use crate::{PASSWORD, registered};

#[tokio::test]
async fn nothing_in_the_whole_journey_breaks_the_content_security_policy() {
    Scenario::new("nothing_in_the_whole_journey_breaks_the_content_security_policy")
        .run(async |browser| {
            browser.goto("/").await?;
            let username = registered(browser).await?;
            browser.reload().await?;
            Header(browser).sign_out().await?;
            let login = LoginPage::open(browser).await?;
            login.submit(&username, PASSWORD).await?;
            browser.see("#protected-message").await?;
            browser.goto("/no/such/page").await?;
            browser.see("[data-view='not-found']").await?;
            let console = browser.console().await?;
            anyhow::ensure!(console.is_empty(), "the console says: {console:#?}");
            // A violation would have been seen.
            let inline = "const style = document.createElement('style'); \
                          style.textContent = 'p { color: red }'; document.head.append(style)";
            browser.client().execute(inline, Vec::new()).await?;
            let told = async || {
                let console = browser.console().await?;
                Ok(console.iter().any(|line| line.contains("Content Security Policy")))
            };
            browser.eventually("the console tells of a violation", told).await
        })
        .await;
}

#[tokio::test]
async fn the_policy_stops_markup_made_of_strings() {
    Scenario::new("the_policy_stops_markup_made_of_strings")
        .run(async |browser| {
            browser.goto("/").await?;
            let script = "try { document.body.innerHTML = '<p>injected'; return 'injected' } \
                          catch (error) { return error.name }";
            let outcome = browser.client().execute(script, Vec::new()).await?;
            anyhow::ensure!(outcome == "TypeError", "Trusted Types let it through: {outcome}");
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn a_password_is_neither_stored_nor_in_the_address() {
    Scenario::new("a_password_is_neither_stored_nor_in_the_address")
        .run(async |browser| {
            registered(browser).await?;
            let script = "return JSON.stringify([location.href, {...localStorage}, \
                          {...sessionStorage}, document.cookie, \
                          [...document.querySelectorAll('input')].map(input => input.value)])";
            let kept = browser.client().execute(script, Vec::new()).await?.to_string();
            anyhow::ensure!(!kept.contains(PASSWORD), "{kept}");
            anyhow::ensure!(!kept.contains("correct%20horse") && !kept.contains("correct+horse"));
            Ok(())
        })
        .await;
}
