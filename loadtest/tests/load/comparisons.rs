//! The experiments that compare: refusals with refusals, a candidate with a baseline, a server with
//! another.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::fake::{Fake, Fault};
use crate::{Run, finished, program};

fn run_in(dir: TempDir, args: &[&str]) -> Run {
    let output = program(dir.path()).args(args).output().unwrap();
    finished(output, dir)
}

/// A run that is told to stop when it has begun.
fn interrupted(args: &[&str]) -> Run {
    let dir = TempDir::new().unwrap();
    let mut command = program(dir.path());
    let mut child =
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("run started") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended before it began");
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    // The rest, so that it is never kept from writing.
    stderr.read_to_string(&mut line).unwrap();
    finished(child.wait_with_output().unwrap(), dir)
}

fn json(run: &Run) -> Value {
    let text = std::fs::read(run.dir.path().join("run.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn enumerate(fault: Fault, args: &[&str]) -> Run {
    let fake = Fake::start(fault);
    let given = ["enumerate", "--host", &fake.url, "--accounts", "5", "--json", "run.json"];
    run_in(TempDir::new().unwrap(), &[&given[..], args].concat())
}

#[test]
fn a_server_that_takes_as_long_for_an_unknown_user_betrays_nobody() {
    let run = enumerate(Fault::Hashes, &["--samples", "200"]);
    assert_eq!(run.status, Some(0), "{run:?}");
    let json = json(&run);
    assert_eq!(json["requests"]["unknown_user"]["count"], 200, "{json}");
    let p50 = json["requests"]["wrong_password"]["service_us"]["p50"].as_f64().unwrap();
    assert!(p50 >= 2_000.0, "{json}");
    assert_eq!(json["comparisons"][0]["same_answer"], true, "{json}");
}

#[test]
fn a_server_that_refuses_an_unknown_user_sooner_fails() {
    let run = enumerate(Fault::HashesForKnown, &["--samples", "200"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("unknown user against wrong password: not times"), "{run:?}");
    let compared = &json(&run)["comparisons"][0];
    // Other processes blur the times; the bound is -0.15.
    assert!(compared["delta"]["estimate"].as_f64().unwrap() < -0.5, "{compared}");
    assert!(compared["p_value"].as_f64().unwrap() < 1e-9, "{compared}");
    let page = std::fs::read_to_string(run.dir.path().join("hallpass-load.html")).unwrap();
    assert!(page.contains("How long refusals take") && page.contains("<svg"), "{page}");
}

#[test]
fn a_server_that_says_that_nobody_has_the_name_fails() {
    let run = enumerate(Fault::SaysUnknown, &["--samples", "150"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("not answers alike"), "{run:?}");
}

#[test]
fn a_server_that_accepts_a_wrong_password_fails_and_one_that_throttles_is_no_verdict() {
    let run = enumerate(Fault::AnyPassword, &[]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("wrong password was accepted"), "{run:?}");
    let run = enumerate(Fault::Throttled, &[]);
    assert_eq!(run.status, Some(3), "{run:?}");
    assert!(run.verdict().contains("status 429"), "{run:?}");
}

#[test]
fn an_interrupted_enumeration_reports_what_it_has() {
    let fake = Fake::start(Fault::Hashes);
    let args = ["enumerate", "--host", &fake.url, "--accounts", "2", "--json", "run.json"];
    let run = interrupted(&args);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("interrupted after"), "{run:?}");
    assert_eq!(json(&run)["interrupted"], true);
}

/// The verification of a candidate against that of a baseline.
fn gate(baseline: Fault, candidate: Fault) -> Run {
    let (baseline, candidate) = (Fake::start(baseline), Fake::start(candidate));
    let dir = TempDir::new().unwrap();
    let record = ["gate", "--record", "b.json", "--of", "verify", "--host", &baseline.url];
    let recorded = run_in(dir, &record);
    assert_eq!(recorded.status, Some(0), "{recorded:?}");
    let args = ["gate", "--baseline", "b.json", "--of", "verify", "--host", &candidate.url];
    let more = ["--rounds", "5", "--worse-than", "100%", "--json", "run.json"];
    run_in(recorded.dir, &[&args[..], &more].concat())
}

#[test]
fn a_candidate_that_is_much_slower_than_the_baseline_fails() {
    let run = gate(Fault::None, Fault::SlowVerify);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().starts_with("FAIL: slower, with 95% confidence"), "{run:?}");
    let verify = &json(&run)["requests"]["verify"];
    assert_eq!(verify["answer"], "worse", "{verify}");
    assert!(verify["ratio"]["low"].as_f64().unwrap() > 2.0, "{verify}");
    assert_eq!(verify["rounds"].as_array().unwrap().len(), 5, "{verify}");
}

#[test]
fn a_candidate_that_is_the_same_or_quicker_passes() {
    let run = gate(Fault::SlowVerify, Fault::SlowVerify);
    assert_eq!(run.status, Some(0), "{run:?}");
    let run = gate(Fault::SlowVerify, Fault::None);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(json(&run)["requests"]["verify"]["ratio"]["high"].as_f64().unwrap() < 1.0, "{run:?}");
}

#[test]
fn a_baseline_that_is_none_and_no_or_two_things_to_do_are_usage_errors() {
    for args in [
        &["gate"][..],
        &["gate", "--baseline", "no.such.file"],
        &["gate", "--baseline", "a", "--record", "b"],
        &["gate", "--prove", "1", "--host", "http://127.0.0.1:1"],
        &["gate", "--prove", "1", "--rounds", "4"],
        &["compare"],
        &["compare", "--to", "127.0.0.1:5000"],
        &["enumerate", "--bound", "2"],
    ] {
        let run = run_in(TempDir::new().unwrap(), args);
        assert_eq!(run.status, Some(2), "{args:?}: {run:?}");
    }
}

/// The Flask app's language on one fake server against the contract's on another.
fn compare(args: &[&str]) -> Run {
    let (a, b) = (Fake::start(Fault::None), Fake::start(Fault::None));
    let to = format!("{},flask-tutorial", b.url);
    let given = ["compare", "--host", &a.url, "--to", &to, "--json", "run.json", "--pairs", "6"];
    run_in(TempDir::new().unwrap(), &[&given[..], args].concat())
}

#[test]
fn two_servers_of_different_languages_are_compared_by_time_and_by_rate() {
    let run = compare(&["-c", "3"]);
    assert_eq!(run.status, Some(0), "{run:?}");
    let json = json(&run);
    assert_eq!(json["b"]["target"], "flask-tutorial", "{json}");
    for request in ["login", "verify"] {
        for figure in ["service_us", "per_second"] {
            let both = &json["requests"][request][figure];
            assert!(both["ratio"]["low"].as_f64().unwrap() > 0.0, "{request} {figure}: {both}");
            assert_eq!(both["blocks"].as_array().unwrap().len(), 6, "{both}");
        }
    }
}

#[test]
fn a_server_that_is_not_as_many_times_as_fast_as_asked_for_fails() {
    let run = compare(&["--at-least", "1000", "--of", "verify"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("verify: not A at least 1000 times as fast"), "{run:?}");
}

#[test]
fn a_comparison_with_wrong_answers_fails_and_names_them() {
    let (a, b) = (Fake::start(Fault::WrongSub), Fake::start(Fault::None));
    let args = ["compare", "--host", &a.url, "--to", &b.url, "--pairs", "6", "--of", "verify"];
    let run = run_in(TempDir::new().unwrap(), &args);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("verify on A: wrong user id"), "{run:?}");
}
