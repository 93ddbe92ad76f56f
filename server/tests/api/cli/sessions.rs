//! Sessions of users, and accounts that are locked.

use std::path::Path;

use hallpass_contract::{Login, Session, TotpSetup};
use rustix::process::Signal;

use super::{add, hallpass};
use crate::app::PASSWORD;
use crate::binary::{Process, client};

async fn login(process: &Process, name: &str) -> Login {
    process.post("/api/login", name, PASSWORD).await.json().await.unwrap()
}

async fn status(process: &Process, login: &Login) -> u16 {
    let request = client().get(format!("{}/api/me", process.url));
    request.bearer_auth(login.access_token.expose()).send().await.unwrap().status().as_u16()
}

fn sessions(dir: &Path, name: &str) -> Vec<Session> {
    let lines = hallpass(dir, &["user", "sessions", name, "--json"]).ok();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_of_a_user_and_of_everybody() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut process = Process::start(dir, &[]);
    add(dir, "ada", &["--role", "admin"]).ok();
    add(dir, "bob", &[]).ok();
    let ada = login(&process, "ada").await;
    let bobs = [login(&process, "bob").await, login(&process, "bob").await];
    let listed = sessions(dir, "BOB");
    assert_eq!(listed.len(), 2);
    let table = hallpass(dir, &["user", "sessions", "bob"]).ok();
    assert!(table.starts_with("ID ") && table.contains(&listed[0].id), "{table}");

    let ended = hallpass(dir, &["user", "end-sessions", "bob", &listed[0].id]).ok();
    assert_eq!(ended, "ended 1 session of bob\n");
    assert_eq!(sessions(dir, "bob"), listed[1..]);
    let mut statuses = [status(&process, &bobs[0]).await, status(&process, &bobs[1]).await];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    let refused = hallpass(dir, &["user", "end-sessions", "ada", &listed[1].id]).refused();
    assert!(refused.contains("no such session"), "{refused}");
    let ended = hallpass(dir, &["user", "end-sessions", "ada"]).ok();
    assert_eq!(ended, "ended 1 session of ada\n");
    assert_eq!(status(&process, &ada).await, 401);

    let refused = hallpass(dir, &["user", "end-sessions", "--all"]).refused();
    assert!(refused.contains("--yes"), "{refused}");
    let ended = hallpass(dir, &["user", "end-sessions", "--all", "--yes"]).ok();
    assert!(ended.starts_with("ended all 1 sessions"), "{ended}");
    for bob in &bobs {
        assert_eq!(status(&process, bob).await, 401);
    }
    let unlocked = hallpass(dir, &["user", "unlock", "BOB"]).ok();
    assert_eq!(unlocked, "forgot the failed logins of bob; new addresses may try again\n");
    let (_, log) = process.end(Signal::TERM);
    for event in ["sessions_ended", "all_sessions_ended", "account_unlocked"] {
        let is_it = |line: &str| line.contains("command line") && line.contains(event);
        assert!(log.lines().any(is_it), "{event}: {log}");
    }
}

#[tokio::test]
async fn sessions_that_are_ended_while_no_server_runs_stay_ended() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut process = Process::start(dir, &[]);
    add(dir, "bob", &[]).ok();
    let bob = login(&process, "bob").await;
    process.end(Signal::TERM);
    assert_eq!(sessions(dir, "bob").len(), 1);
    hallpass(dir, &["user", "end-sessions", "--all", "--yes"]).ok();
    hallpass(dir, &["user", "unlock", "bob"]).ok();
    let process = Process::start(dir, &[]);
    assert_eq!(status(&process, &bob).await, 401);
}

#[tokio::test]
async fn whoever_lost_their_second_factor_signs_in_by_the_password_after_a_reset() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for runs in [true, false] {
        let mut process = Process::start(dir, &[]);
        if runs {
            add(dir, "bob", &[]).ok();
        }
        let bob = login(&process, "bob").await;
        let post = async |path: &str, body: &str| {
            let request = client().post(format!("{}{path}", process.url));
            let request = request.bearer_auth(bob.access_token.expose()).body(body.to_owned());
            request.header("content-type", "application/json").send().await.unwrap()
        };
        let setup: TotpSetup = post("/api/me/totp", "").await.json().await.unwrap();
        let app = totp_rs::Totp::from_url(setup.uri.expose()).unwrap();
        let now = hallpass::clock::Clock::system().now().as_second().unsigned_abs();
        let code = format!(r#"{{"code": "{}"}}"#, app.generate(now));
        assert_eq!(post("/api/me/totp/confirm", &code).await.status(), 200);
        assert_eq!(process.post("/api/login", "bob", PASSWORD).await.status(), 401);
        if !runs {
            process.end(Signal::TERM);
        }
        let reset = hallpass(dir, &["user", "reset-factors", "BOB"]).ok();
        assert!(reset.starts_with("bob has no second factor any more"), "{reset}");
        if !runs {
            process = Process::start(dir, &[]);
        }
        assert_eq!(status(&process, &bob).await, 401, "the session has ended");
        assert_eq!(process.post("/api/login", "bob", PASSWORD).await.status(), 200);
        process.end(Signal::TERM);
    }
}

#[test]
fn what_is_to_end_must_be_said() {
    let dir = tempfile::tempdir().unwrap();
    for args in [
        &["user", "end-sessions"][..],
        &["user", "end-sessions", "bob", "--all"],
        &["user", "end-sessions", "bob", "nonsense"],
    ] {
        assert_eq!(hallpass(dir.path(), args).code, 2, "{args:?}");
    }
}
