//! The open reset links on the admin page.

use hallpass_e2e::pages::{AdminPage, LoginPage, ResetPage};
use hallpass_e2e::{Context, Result, Test, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![an_open_link_is_listed_until_it_is_withdrawn_and_then_works_no_more.needs_server()]
}

const EMPTY: &str = "[data-view='admin'] [data-show='no-resets']";
const NEW_PASSWORD: &str = "tulip anvil copper midnight";

async fn an_open_link_is_listed_until_it_is_withdrawn_and_then_works_no_more(
    t: &Context,
) -> Result {
    let (browser, root) = (&t.browser, t.admin().await?);
    LoginPage::open(browser).await?.sign_in(&root).await?;
    let (ada, phone) = (t.new_user().await?, t.another_browser().await?);
    let page = AdminPage::open_at(browser, &ada).await?;
    browser.see_text(EMPTY, "No open links.").await?;
    page.press(&ada.name, "offer-reset").await?;
    let link = page.reset_link(&ada.name).await?;
    let row = page.open_link(&ada.name).await?;
    browser.see_no(EMPTY).await?;
    browser.see_text(&format!("{row} [data-cell='by'][translate='no']"), &root.name).await?;
    browser.see_text(&format!("{row} [data-cell='made-ago']"), "just now").await?;
    browser.see_text(&format!("{row} [data-cell='until-in']"), "in ").await?;
    for time in ["made", "until"] {
        browser.see(&format!("{row} time[data-cell='{time}'][datetime$='Z']")).await?;
    }
    // The list is loaded with the page, too.
    browser.reload().await?;
    page.withdraw(&ada.name).await?;
    browser.expect_focus("[data-list='resets'] > [data-gone]").await?;
    browser.see_text(EMPTY, "No open links.").await?;
    let reset = ResetPage::open(&phone, &link).await?;
    reset.submit(NEW_PASSWORD).await?;
    reset.expect_alert("link").await?;
    LoginPage::open(&phone).await?.sign_in(&ada).await
}
