//! `failover` on two fake nodes with the same sessions, and a script that takes one of them down.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::experiments::{assert_reported, reported};
use crate::fake::{Fake, Fault};
use crate::{Run, finished, program};

/// A cluster's script that knows two nodes, and can take the first one down and up.
fn write_script(file: &Path, [one, two]: [&Fake; 2]) {
    let port = one.url.rsplit(':').next().unwrap();
    let text = format!(
        r#"#!/usr/bin/env bash
set -euo pipefail
tell() {{
    exec 3<>/dev/tcp/127.0.0.1/{port}
    printf 'POST /node/%s HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n' "$1" >&3
    cat <&3 >/dev/null
}}
case $* in
status) printf 'node 1 %s\nnode 2 %s\nprimary 127.0.0.1:1\n' {} {} ;;
'kill-node 1') tell down ;;
'start-node 1') tell up ;;
'restart-node 1') tell down; tell up ;;
kill-primary) ;;
*) exit 1 ;;
esac
"#,
        one.url, two.url
    );
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

fn failover(fault: Fault, args: &[&str]) -> (Run, Value) {
    let fake = Fake::start(fault);
    let other = fake.another_node();
    let dir = TempDir::new().unwrap();
    write_script(&dir.path().join("cluster"), [&fake, &other]);
    let fixed = ["failover", "--cluster", "./cluster", "--late-after", "10s", "--accounts", "4"];
    let load = ["--sessions", "30", "--verify-rate", "40", "--warm-up", "1s"];
    let files = ["--html", "report.html", "--json", "report.json", "--junit", "report.xml"];
    let mut command = program(dir.path());
    command.args(fixed).args(load).args(files).args(args);
    let output = command.output().unwrap();
    reported(finished(output, dir))
}

#[test]
fn the_time_until_all_is_as_usual_follows_each_act() {
    let acts = "2s kill-node 1, 4s start-node 1, 8s kill-primary";
    let (run, json) = failover(Fault::None, &["--acts", acts, "-t", "12s"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert_reported(&run, &json, "failover");
    let [start, killed, started, primary] = &json["acts"].as_array().unwrap()[..] else {
        panic!("{json}")
    };
    assert_eq!((&start["at_s"], &start["recovery_s"]["verify"]), (&1.into(), &0.into()), "{json}");
    // Every other request goes to the dead node until it is started again.
    assert_eq!(killed["recovery_s"]["verify"], Value::Null, "{killed}");
    assert!(killed["failed"]["verify"].as_u64() >= Some(20), "{killed}");
    assert!(started["recovery_s"]["login"].as_u64() <= Some(1), "{started}");
    assert_eq!(primary["failed"]["verify"], 0, "{primary}");
    assert!(
        run.verdict().contains("verify: kill-node 1: holds again within 40 s missed"),
        "{run:?}"
    );
    assert_eq!(json["history"]["violation_count"], 0, "{}", json["history"]);
    assert!(json["history"]["answers"]["sign_out"]["done"].as_u64() > Some(20), "{json}");
}

#[test]
fn kills_are_acts_of_their_own() {
    let (run, json) = failover(Fault::None, &["--kills", "1", "-t", "9s"]);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_eq!(json["acts"][1]["act"], "restart-node 1", "{json}");
    assert!(run.verdict().contains("restart-node 1: holds again"), "{run:?}");
}

#[test]
fn a_cluster_to_which_nothing_happens_passes_and_every_node_is_probed() {
    let (run, json) = failover(Fault::None, &["--acts", "none", "-t", "4s"]);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_reported(&run, &json, "failover");
    let answers = &json["history"]["answers"];
    let signed_out = answers["sign_out"]["done"].as_u64().unwrap();
    assert!(signed_out >= 15, "{answers}");
    // At once, a little later, and in the end, on two nodes each.
    assert!(answers["verify"]["refused"].as_u64() >= Some(6 * (signed_out - 2)), "{answers}");
    assert_eq!(json["history"]["unclear_sessions"], 0, "{json}");
    assert_eq!(json["nodes"].as_array().unwrap().len(), 2);
}

#[test]
fn a_node_that_accepts_a_signed_out_session_fails_the_run() {
    let (run, json) = failover(Fault::KeepsSignedOut, &["--acts", "none", "-t", "3s"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("history: no signed-out session accepted missed"), "{run:?}");
    let first = &json["history"]["violations"][0];
    assert_eq!(
        (&first["promise"], &first["after"]["action"]),
        (&"signed_out".into(), &"sign_out".into())
    );
    let html = fs::read_to_string(run.dir.path().join("report.html")).unwrap();
    assert!(html.contains("Broken promises"), "{html}");
}

#[test]
fn a_session_that_a_refresh_without_an_answer_ends_fails_the_run() {
    let (run, json) = failover(Fault::CutsRefreshes, &["--acts", "none", "-t", "3s"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    let missed = "history: no session ended by a refresh without an answer missed";
    assert!(run.verdict().contains(missed), "{run:?}");
    assert_eq!(json["history"]["violations"][0]["promise"], "cut_refresh", "{json}");
}

#[test]
fn a_script_that_fails_makes_the_run_invalid() {
    let (run, _) = failover(Fault::None, &["--acts", "1s explode", "-t", "3s"]);
    assert_eq!(run.status, Some(3), "{run:?}");
    assert!(run.verdict().contains("the act \"explode\""), "{run:?}");
}

#[test]
fn a_run_without_enough_sessions_is_invalid() {
    let few = ["--sessions", "1", "--refresh-rate", "50", "--login-rate", "0.1", "-t", "2s"];
    let (run, _) = failover(Fault::None, &[&few[..], &["--acts", "none"]].concat());
    assert_eq!(run.status, Some(3), "{run:?}");
    assert!(run.verdict().contains("raise --sessions"), "{run:?}");
}
