//! Against the real server, whose path is in `HALLPASS_TEST_SERVER`. `scripts/test` runs it.

use crate::run;

#[test]
#[ignore = "needs a built server: HALLPASS_TEST_SERVER=target/release/hallpass"]
fn a_server_of_its_own_serves_every_scenario_to_imported_accounts() {
    let server = std::env::var("HALLPASS_TEST_SERVER").unwrap();
    let server = std::path::absolute(&server).unwrap();
    let scenarios = "verify=1,login,login-then-verify,refresh,register,mixed,negative";
    let args = ["--server", server.to_str().unwrap(), "--scenario", scenarios];
    let mix = ["--mix", "verify=8,login,refresh,register", "--accounts", "120"];
    let run = run(&[&args[..], &mix, &["-u", "7", "-t", "10s"]].concat());
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(run.stderr.contains("imported 119 accounts"), "{run:?}");
    assert!(!run.verdict().contains("skipped"), "nothing is: {run:?}");
    assert_ne!(run.row("GET /api/verify (expired)")[0], "0", "{run:?}");
}
