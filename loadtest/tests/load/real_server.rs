//! Against the real server, whose path is in `HALLPASS_TEST_SERVER`. `scripts/test` runs it.

use tempfile::TempDir;

use crate::{finished, program, run};

#[test]
#[ignore = "needs a built server: HALLPASS_TEST_SERVER=target/release/hallpass"]
fn a_server_of_its_own_serves_every_scenario_to_imported_accounts() {
    let server = std::env::var("HALLPASS_TEST_SERVER").unwrap();
    let server = std::path::absolute(&server).unwrap();
    let scenarios =
        "verify=1,login,login-then-verify,refresh,register,mixed,second-factor,negative";
    let args = ["--server", server.to_str().unwrap(), "--scenario", scenarios];
    let mix = ["--mix", "verify=8,login,refresh,register", "--accounts", "120"];
    let run = run(&[&args[..], &mix, &["-u", "8", "-t", "10s"]].concat());
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(run.stderr.contains("imported 102 accounts"), "{run:?}");
    assert!(!run.verdict().contains("skipped"), "nothing is: {run:?}");
    assert_ne!(run.row("GET /api/verify (expired)")[0], "0", "{run:?}");
}

#[test]
#[ignore = "needs a built server: HALLPASS_TEST_SERVER=target/release/hallpass"]
fn a_server_that_is_killed_comes_back_for_the_storm() {
    let server = std::env::var("HALLPASS_TEST_SERVER").unwrap();
    let server = std::path::absolute(&server).unwrap();
    let dir = TempDir::new().unwrap();
    let mut command = program(dir.path());
    command.args(["storm", "--server", server.to_str().unwrap(), "--users", "20"]);
    command.args(["--server-arg", "--pbkdf2-iterations 1000", "--late-after", "10s"]);
    command.args(["--max-others", "100%"]);
    command.args(["--variants", "jitter-retry", "--jitter", "1s", "--accounts", "4"]);
    command.args(["--before", "2s", "--watch", "8s", "--json", "storm.json"]);
    let run = finished(command.output().unwrap(), dir);
    assert_eq!(run.status, Some(0), "{run:?}");
    let json = std::fs::read(run.dir.path().join("storm.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let variant = &json["variants"][0];
    assert!(variant["down_s"].as_f64() > Some(0.5), "{variant}");
    assert_eq!(variant["served"], 20, "{variant}");
    // Who asked meanwhile got no answer.
    assert!(variant["requests"]["verify"]["outcomes"]["transport"].as_u64() > Some(0), "{variant}");
}

#[test]
#[ignore = "needs a built server: HALLPASS_TEST_SERVER=target/release/hallpass"]
fn logins_in_two_steps_arrive_at_a_rate_and_each_is_served() {
    let server = std::env::var("HALLPASS_TEST_SERVER").unwrap();
    let server = std::path::absolute(&server).unwrap();
    let dir = TempDir::new().unwrap();
    let mut command = program(dir.path());
    command.args(["open", "--server", server.to_str().unwrap(), "--second-factor-rate", "10"]);
    command.args(["--server-arg", "--pbkdf2-iterations 1000", "--late-after", "10s"]);
    command.args(["--max-others", "100%", "-t", "35s", "--json", "run.json"]);
    let run = finished(command.output().unwrap(), dir);
    assert_eq!(run.status, Some(0), "{run:?}");
    let json = std::fs::read(run.dir.path().join("run.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["verdict"], "pass", "{json}");
    let logins = &json["requests"]["second-factor"];
    // More than there are accounts: each signs in once in 30 seconds.
    assert_eq!((&logins["offered"], &logins["outcomes"]["ok"]), (&350.into(), &350.into()));
    assert!(run.stderr.contains("imported 299 accounts"), "{run:?}");
}
