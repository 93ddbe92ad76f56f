//! What a failed test leaves behind.

use std::fs;

use anyhow::{Context as _, ensure};
use hallpass_e2e::pages::LoginPage;
use hallpass_e2e::{Context, Failure, PASSWORD, Result, Test, tests};

pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_failed_test_leaves_what_it_saw.needs_server(),
        a_panic_fails_that_test_alone.needs_server(),
    ]
}

async fn gone_wrong(t: &Context) -> Result {
    let login = LoginPage::open(&t.browser).await?;
    login.submit("nobody", PASSWORD).await?;
    login.expect_alert("wrong").await?;
    t.browser.execute("console.error('said on purpose')", &[]).await?;
    t.another_browser().await?.goto("/register").await?;
    anyhow::bail!("failed on purpose")
}

async fn a_failed_test_leaves_what_it_saw(t: &Context) -> Result {
    let [test] = &tests![gone_wrong][..] else { anyhow::bail!("one test") };
    let failure = t.run_another(test.clone()).await.context("it passed")?;
    ensure!(failure.error.contains("failed on purpose"), "{}", failure.error);
    let png = fs::read(failure.evidence.join("screenshot.png")).context("no screenshot")?;
    ensure!(png.starts_with(b"\x89PNG"), "the screenshot is no picture");
    expect_file(&failure, "error.txt", "failed on purpose")?;
    expect_file(&failure, "page.html", "login-form")?;
    expect_file(&failure, "url.txt", "/login")?;
    expect_file(&failure, "console.txt", "said on purpose")?;
    expect_file(&failure, "server.log", "/api/login")?;
    expect_file(&failure, "requests.txt", "POST /api/login -> 401")?;
    expect_file(&failure, "steps.txt", "with “nobody”")?;
    expect_file(&failure, "steps.txt", "browser 2: goto /register")?;
    expect_file(&failure, "browser-2/page.html", "register-form")?;
    let steps = fs::read_to_string(failure.evidence.join("steps.txt"))?;
    ensure!(!steps.contains(PASSWORD), "the steps hold the password: {steps}");
    Ok(fs::remove_dir_all(failure.evidence)?)
}

fn expect_file(failure: &Failure, name: &str, part: &str) -> Result {
    let text =
        fs::read_to_string(failure.evidence.join(name)).with_context(|| format!("no {name}"))?;
    ensure!(text.contains(part), "{name} has no '{part}': {text}");
    Ok(())
}

async fn panicked(_: &Context) -> Result {
    panic!("lost its head on purpose")
}

async fn a_panic_fails_that_test_alone(t: &Context) -> Result {
    let [test] = &tests![panicked][..] else { anyhow::bail!("one test") };
    let failure = t.run_another(test.clone()).await.context("it passed")?;
    ensure!(failure.error.contains("lost its head on purpose"), "{}", failure.error);
    ensure!(failure.error.contains("evidence.rs"), "no place in: {}", failure.error);
    Ok(fs::remove_dir_all(failure.evidence)?)
}
