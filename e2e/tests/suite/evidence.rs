use std::fs;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use hallpass_e2e::{Scenario, evidence_dir};

#[tokio::test]
async fn a_failed_scenario_leaves_what_it_saw() {
    let name = "a_failed_scenario_leaves_what_it_saw";
    let scenario = Scenario::new(name).run(async |browser| {
        browser.goto("/login").await?;
        anyhow::bail!("on purpose")
    });
    let panic = AssertUnwindSafe(scenario).catch_unwind().await;
    assert!(panic.is_err(), "the scenario failed");
    let dir = evidence_dir(name);
    let png = fs::read(dir.join("screenshot.png")).expect("a screenshot");
    assert!(png.starts_with(b"\x89PNG"), "a picture");
    let page = fs::read_to_string(dir.join("page.html")).expect("the page's source");
    assert!(page.contains("login-form"), "{page}");
    let log = fs::read_to_string(dir.join("server.log")).expect("the server's log");
    assert!(log.contains("/login"), "{log}");
    fs::remove_dir_all(dir).expect("what is not needed any more");
}
