//! Accounts that outlive a run.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::fake::{Fake, Fault};
use crate::{Run, finished, program, run};

fn run_with(fake: &Fake, file: &Path, args: &[&str]) -> Run {
    let file = file.to_str().unwrap();
    let fixed = ["--host", &fake.url, "-t", "1s", "-u", "2", "--accounts-file", file];
    run(&[&fixed[..], args].concat())
}

#[test]
fn accounts_are_kept_used_again_and_topped_up() {
    let fake = Fake::start(Fault::None);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("accounts.jsonl");
    let first = run_with(&fake, &file, &["--accounts", "20", "--scenario", "login"]);
    assert_eq!(first.status, Some(0), "{first:?}");
    assert_eq!(fake.registered(), 20);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let again = run_with(&fake, &file, &["--accounts", "20", "--scenario", "verify"]);
    assert_eq!(again.status, Some(0), "{again:?}");
    assert_eq!(fake.registered(), 20, "{again:?}");

    let more = run_with(&fake, &file, &["--accounts", "25"]);
    assert_eq!(more.status, Some(0), "{more:?}");
    assert_eq!(fake.registered(), 25, "{more:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 25);
}

#[test]
fn accounts_that_are_refused_are_not_used_and_stay_in_the_file() {
    let fake = Fake::start(Fault::None);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("accounts.jsonl");
    assert_eq!(run_with(&fake, &file, &["--accounts", "16"]).status, Some(0));
    let before = std::fs::read_to_string(&file).unwrap();
    fake.forget_users(15);
    let run = run_with(&fake, &file, &["--accounts", "16"]);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(run.stderr.contains("refuses 15 accounts of"), "{run:?}");
    assert_eq!(fake.registered(), 16);
    let after = std::fs::read_to_string(&file).unwrap();
    assert!(after.starts_with(&before), "what was there stays");
    assert_eq!(after.lines().count(), 31);
}

#[test]
fn users_share_out_more_accounts_than_there_are_users() {
    let fake = Fake::start(Fault::None);
    let args = ["--host", &fake.url, "-t", "1s", "-u", "2", "--scenario", "verify"];
    let run = run(&[&args[..], &["--accounts", "30"]].concat());
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_eq!(fake.registered(), 30);
    assert_eq!(fake.tokens(), 30, "each account is signed in once, before the run");
}

#[test]
fn fewer_accounts_than_users_are_a_usage_error() {
    let run = run(&["--host", "http://127.0.0.1:1", "-u", "4", "--accounts", "3"]);
    assert_eq!(run.status, Some(2), "{run:?}");
    assert!(run.stderr.contains("--accounts"), "{run:?}");
}

#[test]
fn a_file_of_accounts_goes_with_a_host() {
    let run = run(&["--accounts-file", "accounts.jsonl"]);
    assert_eq!(run.status, Some(2), "{run:?}");
    assert!(run.stderr.contains("--host"), "{run:?}");
}

#[test]
fn the_open_loop_renews_tokens_beside_the_load() {
    for fault in [Fault::ShortTokens, Fault::NoRefresh] {
        let fake = Fake::start(fault);
        let dir = tempfile::tempdir().unwrap();
        let args = ["open", "--host", &fake.url, "--verify-rate", "20", "--accounts", "4"];
        let args = [&args[..], &["-t", "5s", "--json", "run.json"]].concat();
        let output = program(dir.path()).args(args).output().unwrap();
        let run = finished(output, dir);
        let json = std::fs::read(run.dir.path().join("run.json")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let outcomes = &json["requests"]["verify"]["outcomes"];
        assert_eq!(outcomes["unexpected"], 0, "{run:?}");
        assert!(outcomes["ok"].as_u64().unwrap() > 90, "{run:?}");
        assert!(fake.tokens() >= 12, "each of four users has three of two seconds: {run:?}");
    }
}

#[test]
fn tokens_that_end_together_are_renewed_in_time_however_many_there_are() {
    let fake = Fake::start(Fault::SlowRefresh);
    let dir = tempfile::tempdir().unwrap();
    let args = ["open", "--host", &fake.url, "--verify-rate", "50", "--accounts", "150"];
    let args = [&args[..], &["-t", "8s", "--json", "run.json"]].concat();
    let output = program(dir.path()).args(args).output().unwrap();
    let run = finished(output, dir);
    let json = std::fs::read(run.dir.path().join("run.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["requests"]["verify"]["outcomes"]["unexpected"], 0, "{run:?}");
    let renewal = &json["requests"]["renewal"];
    assert!(renewal["offered"].as_u64() >= Some(150), "{renewal}");
    assert!(renewal["latency_us"]["p50"].as_u64() >= Some(200_000), "{renewal}");
    assert!(run.stdout.contains("\nrenewal "), "{run:?}");
}
