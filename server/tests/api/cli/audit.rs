//! `hallpass audit`, whether or not a server runs.

use rustix::process::Signal;
use serde_json::Value;

use super::{add, hallpass, hallpass_with_input};
use crate::app::PASSWORD;
use crate::binary::Process;

fn records(dir: &std::path::Path, args: &[&str]) -> Vec<Value> {
    let lines = hallpass(dir, &[&["audit", "--json"], args].concat()).ok();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn events(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["event"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_a_server_and_what_commands_did_is_there_after_the_server_has_ended() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    add(dir, "Ada", &["--role", "admin"]).ok();
    let mut process = Process::start(dir, &["--pbkdf2-iterations", "10"]);
    process.post("/api/login", "ada", PASSWORD).await;
    process.post("/api/login", "ada", "wrong").await;
    assert_eq!(events(&records(dir, &[])), ["login", "login", "registration"]);
    process.post("/api/login", "ada", PASSWORD).await;
    let (_, log) = process.end(Signal::TERM);
    assert!(!log.contains("audit records"), "{log}");

    let hash = "pbkdf2:sha256:1000$RVgQbmlGxo204JD1$\
                1690014195c73601cdc772b46afcec27f10258f06e67be7533350183103ab095";
    let import = format!("username,password_hash\nbob,{hash}\n");
    hallpass_with_input(dir, &["user", "import", "-"], import).ok();
    let all = records(dir, &[]);
    assert_eq!(events(&all), ["import", "login", "login", "login", "registration"]);
    assert_eq!((&all[0]["address"], &all[0]["result"]), (&"command line".into(), &"ok".into()));
    let results: Vec<_> = all[1..4].iter().map(|record| &record["result"]).collect();
    assert_eq!(results, ["ok", "refused", "ok"]);
    assert_eq!(events(&records(dir, &["--event", "import"])), ["import"]);
    assert_eq!(records(dir, &["--user", "ADA"]).len(), 4);
    let id = all[1]["user"]["id"].as_str().unwrap();
    assert_eq!(records(dir, &["--user", id]).len(), 4);
    assert_eq!(records(dir, &["--since", "1h"]).len(), 5);
    assert_eq!(events(&records(dir, &["--result", "refused"])), ["login"]);
    assert_eq!(records(dir, &["--result", "ok"]).len(), 4);
    assert_eq!(records(dir, &["--since", "2100-01-01T00:00:00Z"]).len(), 0);

    let table = hallpass(dir, &["audit", "--user", "ada", "--event", "login"]).ok();
    let lines: Vec<_> = table.lines().collect();
    assert!(lines.len() == 4 && lines[0].starts_with("TIME"), "{table}");
    assert!(lines[2].contains("refused") && lines[2].contains("Ada"), "{table}");
    assert!(lines[2].contains("127.0.0.1") && lines[2].ends_with("invalid credentials"), "{table}");
    let refused = hallpass(dir, &["audit", "--user", "carl"]).refused();
    assert_eq!(refused, "there is no user carl");
    assert_eq!(hallpass(dir, &["audit", "--event", "lunch"]).code, 2);
}

#[tokio::test]
async fn records_outlive_a_crash_of_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut process = Process::start(dir, &["--pbkdf2-iterations", "10"]);
    process.post("/api/register", "ada", PASSWORD).await;
    // Whoever asks makes the server write what waits.
    assert_eq!(events(&records(dir, &[])), ["registration"]);
    process.end(Signal::KILL);
    assert_eq!(events(&records(dir, &[])), ["registration"]);
}

#[test]
fn the_help_names_each_event_and_what_it_means() {
    let dir = tempfile::tempdir().unwrap();
    let help = hallpass(dir.path(), &["audit", "--help"]).ok();
    for event in hallpass::audit::Event::NAMES {
        let line = help.lines().find_map(|line| line.trim().strip_prefix(&format!("- {event}:")));
        assert!(line.is_some_and(|meaning| meaning.len() > 10), "{event}: {help}");
    }
    assert!(help.contains("- refused:"), "{help}");
}
