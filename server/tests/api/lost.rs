//! A data directory that has lost something, before the start and under a running server.

use std::fs;
use std::path::Path;
use std::time::Duration;

use hallpass_contract::{Login, path};
use reqwest::header::SET_COOKIE;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::app::PASSWORD;
use crate::binary::{Process, client, command, serve_command};

const KEYS: &str = "keys.json";

const DATABASE: &str = "hallpass.redb";

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != "control.sock").collect();
    names.sort();
    names
}

/// The one line that the command ends with; one that serves would be refused its address.
fn refused(dir: &Path, args: &[&str]) -> String {
    let mut command = command(dir, args);
    command.env("HALLPASS_LISTEN", "203.0.113.1:80").env("HALLPASS_LOG_LEVEL", "off");
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{args:?}: {stderr}");
    stderr
}

/// A directory that was served, and of which a user has signed in.
async fn served() -> (TempDir, SignedIn) {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    assert_eq!(process.post(path::REGISTER, "ada", PASSWORD).await.status(), 201);
    let signed_in = SignedIn::at(&process).await;
    process.end(Signal::TERM);
    (dir, signed_in)
}

/// What a login hands out.
struct SignedIn {
    token: String,
    cookie: String,
}

impl SignedIn {
    async fn at(process: &Process) -> Self {
        let answer = process.post(path::LOGIN, "ada", PASSWORD).await;
        assert_eq!(answer.status(), 200);
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let login: Login = answer.json().await.unwrap();
        Self { token: login.access_token.expose().to_owned(), cookie }
    }

    /// Whether the token verifies and the cookie refreshes.
    async fn is_good(&self, process: &Process) -> [bool; 2] {
        let verify = client().get(format!("{}{}", process.url, path::VERIFY));
        let refresh = client().post(format!("{}{}", process.url, path::REFRESH));
        let refresh =
            refresh.header("cookie", &self.cookie).header("sec-fetch-site", "same-origin");
        let verify = verify.bearer_auth(&self.token).send().await.unwrap().status();
        [verify == 200, refresh.send().await.unwrap().status() == 200]
    }
}

#[tokio::test]
async fn a_lost_database_or_lost_keys_are_refused_in_one_line_and_nothing_is_made() {
    let commands = [
        &["serve"][..],
        &["user", "list"],
        &["user", "delete", "ada", "--yes"],
        &["keys", "list"],
        &["keys", "rotate"],
    ];
    for (file, told) in [(DATABASE, "hallpass serve --new"), (KEYS, "hallpass keys reset")] {
        for emptied in [false, true] {
            let (dir, _) = served().await;
            match emptied {
                true => fs::write(dir.path().join(file), "").unwrap(),
                false => fs::remove_file(dir.path().join(file)).unwrap(),
            }
            let before = names(dir.path());
            for args in commands {
                let reason = refused(dir.path(), args);
                assert!(reason.contains(told) && reason.contains(file), "{args:?}: {reason}");
                assert_eq!(names(dir.path()), before, "{args:?}");
            }
        }
    }
}

#[tokio::test]
async fn to_begin_anew_takes_a_flag_and_moves_the_old_files_aside() {
    for file in [DATABASE, KEYS] {
        let (dir, signed_in) = served().await;
        let dir = dir.path();
        assert!(refused(dir, &["serve", "--new"]).contains("nothing is missing"));
        fs::remove_file(dir.join(file)).unwrap();
        let mut command = serve_command(dir, &["--listen", "203.0.113.1:80"]);
        let by_variable = command.env("HALLPASS_NEW", "true").output().unwrap();
        assert!(
            String::from_utf8_lossy(&by_variable.stderr).contains("are lost (")
                || String::from_utf8_lossy(&by_variable.stderr).contains("is lost (")
        );

        let mut process = Process::start(dir, &["--new"]);
        assert_eq!(signed_in.is_good(&process).await, [false; 2]);
        assert_eq!(process.post(path::REGISTER, "ada", PASSWORD).await.status(), 201);
        process.end(Signal::TERM);
        let left = if file == KEYS { DATABASE } else { KEYS };
        let names = names(dir);
        assert_eq!(names.len(), 3, "{names:?}");
        assert!(names.iter().any(|name| name.starts_with(&format!("{left}.2"))), "{names:?}");
    }
}

#[tokio::test]
async fn new_keys_end_all_sessions_whether_or_not_the_server_runs() {
    for running in [true, false] {
        let (dir, signed_in) = served().await;
        let dir = dir.path();
        let before = fs::read_to_string(dir.join(KEYS)).unwrap();
        let mut process = Process::start(dir, &[]);
        assert_eq!(signed_in.is_good(&process).await, [true; 2]);
        let signed_in = SignedIn::at(&process).await;
        if !running {
            process.end(Signal::TERM);
        }
        let unasked = refused(dir, &["keys", "reset"]);
        assert!(unasked.contains("--yes"), "{unasked}");
        assert_eq!(fs::read_to_string(dir.join(KEYS)).unwrap(), before);
        let reset = command(dir, &["keys", "reset", "--yes"]).output().unwrap();
        assert!(reset.status.success(), "{reset:?}");
        if !running {
            process = Process::start(dir, &[]);
        }
        assert_eq!(signed_in.is_good(&process).await, [false; 2]);
        let anew = SignedIn::at(&process).await;
        assert_eq!(anew.is_good(&process).await, [true; 2]);
        let (_, log) = process.end(Signal::TERM);
        assert_eq!(log.contains("key_reset"), running, "{log}");
        // And so it stays; nothing of the old keys is left.
        let process = Process::start(dir, &[]);
        assert_eq!(signed_in.is_good(&process).await, [false; 2]);
        let after = fs::read_to_string(dir.join(KEYS)).unwrap();
        let secrets = before.lines().filter(|line| line.contains("kid") || line.contains("_key\""));
        for secret in secrets.filter(|line| line.contains(": \"")) {
            // Second factors are of their users, who would have to set them up anew.
            let stays = secret.contains("factor_key");
            assert_eq!(after.contains(secret.trim()), stays, "{secret}");
        }
    }
}

#[tokio::test]
async fn keys_that_are_lost_or_damaged_can_be_reset_and_users_stay() {
    for damage in [None, Some(""), Some("{}")] {
        let (dir, signed_in) = served().await;
        let dir = dir.path();
        match damage {
            None => fs::remove_file(dir.join(KEYS)).unwrap(),
            Some(content) => fs::write(dir.join(KEYS), content).unwrap(),
        }
        let reason = refused(dir, &["serve"]);
        assert!(reason.contains("hallpass keys reset"), "{reason}");
        let reset = command(dir, &["keys", "reset", "--yes"]).output().unwrap();
        assert!(reset.status.success(), "{reset:?}");
        let process = Process::start(dir, &["--alg", "ES256"]);
        assert_eq!(signed_in.is_good(&process).await, [false; 2]);
        assert_eq!(SignedIn::at(&process).await.is_good(&process).await, [true; 2]);
    }
}

#[tokio::test]
async fn a_command_that_is_killed_at_any_moment_leaves_a_directory_that_says_what_to_do() {
    for delay_ms in (0..12).map(|n| n * 5) {
        // Both are killed while they are at work.
        let (dir, _) = served().await;
        let dir = dir.path();
        fs::remove_file(dir.join(DATABASE)).unwrap();
        kill_after(delay_ms, serve_command(dir, &["--new"]));
        let is_whole = names(dir).iter().any(|name| name == DATABASE);
        let moved = !names(dir).iter().any(|name| name == KEYS);
        let args = if is_whole || moved { &[][..] } else { &["--new"] };
        Process::start(dir, args).end(Signal::TERM);

        let (dir, _) = served().await;
        let dir = dir.path();
        kill_after(delay_ms, command(dir, &["keys", "reset", "--yes"]));
        let process = Process::start(dir, &[]);
        SignedIn::at(&process).await;
    }
}

fn kill_after(delay_ms: u64, mut command: std::process::Command) {
    let mut child = command.spawn().unwrap();
    // No condition to wait for: each moment is as good as another.
    std::thread::sleep(Duration::from_millis(delay_ms));
    child.kill().unwrap();
    child.wait().unwrap();
}

async fn readyz(process: &Process) -> u16 {
    let ready = client().get(format!("{}{}", process.url, path::READYZ));
    ready.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_directory_that_vanishes_makes_the_server_not_ready_until_it_is_back() {
    let (dir, _) = served().await;
    let (data, away) = (dir.path().join("data"), dir.path().join("away"));
    let mut process = Process::start(&data, &[]);
    assert_eq!(readyz(&process).await, 200);
    fs::rename(&data, &away).unwrap();
    assert_eq!(readyz(&process).await, 503);
    fs::rename(&away, &data).unwrap();
    assert_eq!(readyz(&process).await, 200);
    // Another file in its place is not the one that is open.
    fs::copy(data.join(DATABASE), data.join("copy")).unwrap();
    fs::rename(data.join("copy"), data.join(DATABASE)).unwrap();
    assert_eq!(readyz(&process).await, 503);
    let (_, log) = process.end(Signal::TERM);
    assert!(log.contains("has vanished under the running server"), "{log}");
    assert!(log.contains("was replaced under the running server"), "{log}");
}
