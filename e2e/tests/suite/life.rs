//! How a run of the suite itself begins and ends: with a word where it can't begin, and without a
//! trace where it is killed.

use std::path::Path;
use std::process::Stdio;
use std::{env, fs};

use anyhow::{Context as _, ensure};
use hallpass_e2e::{Answer, Context, Kind, Result, Skip, Test, tests};
use tokio::process::Command;

pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_run_that_can_not_begin_says_why_in_one_line
            .needs_server()
            .only_on(Kind::Chromium, "no browser is started"),
        a_killed_run_leaves_no_process_and_no_folder.needs_server(),
        a_run_on_a_deployment_waits_when_it_is_told_to.needs_server(),
        an_element_that_is_there_twelve_times_is_counted_and_shown,
    ]
}

/// The suite's own program, without what this run was told by variables.
fn suite(args: &[&str]) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    for variable in ["URL", "ACCOUNT", "ADMIN"] {
        command.env_remove(format!("HALLPASS_E2E_{variable}"));
    }
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    Ok(command)
}

async fn a_run_that_can_not_begin_says_why_in_one_line(_: &Context) -> Result {
    let deployment = ["--url", "http://127.0.0.1:9"];
    for (args, server, expected) in [
        (&["--headed"][..], None, "--headed needs a display"),
        (&deployment, None, "no server answers at http://127.0.0.1:9"),
        (&[], Some("/no/such/hallpass"), "can't run /no/such/hallpass"),
    ] {
        let mut command = suite(args)?;
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        if let Some(server) = server {
            command.env("HALLPASS_E2E_SERVER", server);
        }
        let output = command.output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(2), "{args:?} ended with {}: {said}", output.status);
        ensure!(said.contains(expected) && said.lines().count() == 1, "{args:?} says: {said}");
        ensure!(output.stdout.is_empty(), "a test has begun");
    }
    Ok(())
}

/// The programs of runs whose folders are in `base`, by their names.
fn programs(base: &Path) -> Result<Vec<String>> {
    let mark = format!("E2E_RUN_DIR={}/", base.display());
    let mut programs = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        if environment.split(|byte| *byte == 0).any(|entry| entry.starts_with(mark.as_bytes())) {
            programs.push(fs::read_to_string(entry.path().join("comm")).unwrap_or_default());
        }
    }
    Ok(programs)
}

async fn a_killed_run_leaves_no_process_and_no_folder(t: &Context) -> Result {
    if !Path::new("/proc/self/environ").exists() {
        return Err(Skip::because("there is no /proc").into());
    }
    // Short, for the sockets in it.
    let base = tempfile::Builder::new().prefix("k").rand_bytes(3).tempdir()?;
    let reports = tempfile::tempdir()?;
    let kind = t.browser.kind().to_string();
    let mut run = suite(&["--browser", &kind, "--filter", "wrong_password", "--repeat", "99"])?
        .env("TMPDIR", base.path())
        .env("HALLPASS_E2E_REPORTS", reports.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let has = |name: &str| Ok(programs(base.path())?.iter().any(|it| it.contains(name)));
    t.browser.eventually("the other run has a browser", async || has("driver")).await?;
    let works = async || Ok(has("driver")? && has("hallpass")?);
    // A run takes longer to begin than a page may to change.
    let mut tries = 1..=3;
    while let Err(error) = t.browser.eventually("the other run has a server, too", works).await {
        tries.next().ok_or(error)?;
    }
    run.start_kill().context("the other run is over already")?;
    run.wait().await?;
    let gone = async || Ok(programs(base.path())?.is_empty());
    t.browser.eventually("its programs have ended", gone).await?;
    let empty = async || Ok(fs::read_dir(base.path())?.next().is_none());
    t.browser.eventually("its folder is removed", empty).await
}

async fn a_run_on_a_deployment_waits_when_it_is_told_to(t: &Context) -> Result {
    let busy = || Answer::status(429).retry_after(1);
    // Of a person who registers; also with the sign-in that follows, and with the next try at that.
    t.site.answer("POST /api/register", 1, busy())?;
    t.site.answer("POST /api/login", 2, busy())?;
    let (reports, kind) = (tempfile::tempdir()?, t.browser.kind().to_string());
    // This test's server, as if it were somebody else's.
    let mut run = suite(&["--url", t.site.url(), "--browser", &kind, "--filter", "pasted"])?;
    let output = run.env("HALLPASS_E2E_REPORTS", reports.path()).output().await?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success() && said.contains("1 of 1 passed"), "{said}");
    for (requests, expected) in
        [("POST /api/register", &[429, 201][..]), ("POST /api/login", &[429, 429, 200])]
    {
        let statuses = t.site.requests(requests)?.into_iter().filter_map(|it| it.status);
        let statuses: Vec<_> = statuses.collect();
        ensure!(statuses == expected, "{requests}: {statuses:?}");
    }
    Ok(())
}

async fn an_element_that_is_there_twelve_times_is_counted_and_shown(t: &Context) -> Result {
    t.browser.goto("/").await?;
    let script = "
        for (let n = 1; n <= 12; n += 1) {
            const item = document.createElement('li');
            item.className = 'twin';
            item.textContent = `number ${n}`;
            document.querySelector('main').append(item);
        }";
    t.browser.execute(script, &[]).await?;
    let error = t.browser.find(".twin").await.err().context("one was taken of twelve")?;
    let told = format!("{error:#}");
    for part in ["12 elements match .twin", "<li class=\"twin\"> number 1\n", "and 9 more"] {
        ensure!(told.contains(part), "no “{part}” in: {told}");
    }
    Ok(())
}
