//! Each scenario of the closed loop, against a server that is right and against one that is not.

use serde_json::Value;

use crate::fake::{Fake, Fault};
use crate::{Run, run, run_against};

fn json(run: &Run) -> Value {
    let text = std::fs::read(run.dir.path().join("run.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn count(run: &Value, request: &str, outcome: &str) -> u64 {
    run["requests"][request]["outcomes"][outcome].as_u64().unwrap()
}

#[test]
fn every_scenario_runs_beside_the_others_and_is_counted_by_call() {
    let scenarios =
        "verify=1,login,login-then-verify,refresh,register,mixed,second-factor,negative";
    let args = ["--scenario", scenarios, "--mix", "verify=3,login,refresh,register"];
    let args = [&args[..], &["--expiry-wait", "1s", "-u", "8", "--json", "run.json"]].concat();
    let (run, fake) = run_against(Fault::None, &args);
    assert_eq!(run.status, Some(0), "{run:?}");
    let json = json(&run);
    assert_eq!(json["verdict"], "pass");
    for request in ["verify", "login", "refresh", "register", "first-step", "second-factor"] {
        assert!(count(&json, request, "ok") > 0, "{request}: {json}");
        assert_eq!(count(&json, request, "unexpected"), 0, "{request}: {json}");
    }
    for request in ["wrong_password", "unknown_user", "tampered", "alg_none", "alg_hs256"] {
        assert!(count(&json, request, "expected_401") > 0, "{request}: {json}");
        assert_eq!(count(&json, request, "ok"), 0, "{request}: {json}");
    }
    assert!(json["requests"]["verify"]["service_us"]["p50"].as_u64().unwrap() > 0, "{json}");
    assert!(fake.registered() > 6, "six users have accounts of their own, and more register");
}

#[test]
fn a_login_is_followed_by_as_many_verifications_as_asked_for() {
    let args = ["--scenario", "login-then-verify", "--verifies-per-login", "4", "-u", "1"];
    let (run, _) = run_against(Fault::None, &[&args[..], &["--json", "run.json"]].concat());
    let json = json(&run);
    let (logins, verifies) = (count(&json, "login", "ok"), count(&json, "verify", "ok"));
    assert!(logins > 1 && verifies.abs_diff(4 * logins) <= 4, "{json}");
}

#[test]
fn a_mix_keeps_its_ratio() {
    let args = ["--scenario", "mixed", "--mix", "verify=4,login=1", "--json", "run.json"];
    let (run, _) = run_against(Fault::None, &args);
    let json = json(&run);
    let (logins, verifies) = (count(&json, "login", "ok"), count(&json, "verify", "ok"));
    assert!(logins > 10 && verifies.abs_diff(4 * logins) <= 16, "{json}");
}

/// A run of the negative scenario that has to fail, and the start of its last line.
fn accepted(fault: Fault) -> String {
    let (run, _) = run_against(fault, &["--scenario", "negative", "-t", "20s", "-u", "2"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(!run.stdout.contains("measured for 2"), "it ends at once: {run:?}");
    run.verdict().split(';').next().unwrap().to_owned()
}

#[test]
fn a_bad_token_or_password_that_is_accepted_fails_the_run_at_once_and_is_named() {
    for (fault, says) in [
        (Fault::TrustsExpired, "FAIL: an expired token was accepted"),
        (Fault::TrustsClaims, "FAIL: a tampered token was accepted"),
        (Fault::TrustsAlgorithm("none"), "FAIL: an unsigned token (alg none) was accepted"),
        (
            Fault::TrustsAlgorithm("HS256"),
            "FAIL: a token signed with HS256 and the public key was accepted",
        ),
        (Fault::AnyPassword, "FAIL: a wrong password was accepted"),
    ] {
        assert_eq!(accepted(fault), says, "{fault:?}");
    }
}

#[test]
fn a_token_that_has_expired_is_tried_where_the_wait_is_short_and_else_is_skipped_by_name() {
    let args = ["--scenario", "negative", "--json", "run.json"];
    let (run, _) = run_against(Fault::ShortTokens, &args);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(count(&json(&run), "expired", "expected_401") > 0, "{run:?}");

    let (run, _) = run_against(Fault::None, &args);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(run.verdict().ends_with("skipped: expired"), "{run:?}");
    assert!(json(&run)["skipped"]["expired"].as_str().unwrap().contains("--expiry-wait"));
}

#[test]
fn a_session_that_cannot_be_refreshed_signs_in_again() {
    let args = ["--scenario", "verify", "-t", "3s", "--json", "run.json"];
    let (run, _) = run_against(Fault::NoRefresh, &args);
    let json = json(&run);
    assert!(count(&json, "refresh_renewal", "unexpected") > 0, "{json}");
    assert!(count(&json, "login_renewal", "ok") > 0, "{json}");
    assert_eq!(count(&json, "verify", "unexpected"), 0, "{json}");
}

#[test]
fn throttling_and_overload_are_classes_of_their_own() {
    for (fault, class) in [(Fault::Throttled, "429"), (Fault::Overload, "503")] {
        let (run, _) = run_against(fault, &["--scenario", "login", "--json", "run.json"]);
        assert_eq!(run.status, Some(1), "{run:?}");
        let json = json(&run);
        assert!(count(&json, "login", class) > 0, "{json}");
        assert_eq!(count(&json, "login", "unexpected"), 0, "{json}");
    }
}

#[test]
fn the_flask_app_is_spoken_to_by_its_name() {
    let target = ["--target", "flask-tutorial"];
    let args = ["--scenario", "verify,login,register,negative", "--json", "run.json"];
    let (run, _) = run_against(Fault::None, &[&target[..], &args].concat());
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_ne!(run.row("GET /protected")[0], "0", "{run:?}");
    assert!(count(&json(&run), "tampered", "expected_401") > 0, "422 is its refusal: {run:?}");
}

#[test]
fn a_target_can_be_printed_changed_and_used() {
    let printed = run(&["--print-target", "flask-tutorial"]);
    assert_eq!(printed.status, Some(0), "{printed:?}");
    let fake = Fake::start(Fault::None);
    let file = printed.dir.path().join("mine.toml");
    let args = ["--host", &fake.url, "-u", "2", "-t", "1s", "--target", file.to_str().unwrap()];
    std::fs::write(&file, printed.stdout.replace("/protected", "/api/verify")).unwrap();
    let changed = run(&args);
    assert_eq!(changed.status, Some(0), "{changed:?}");
    assert_ne!(changed.row("GET /api/verify")[0], "0", "{changed:?}");

    std::fs::write(&file, printed.stdout.replace("token =", "tokken =")).unwrap();
    let misspelt = run(&args);
    assert_eq!(misspelt.status, Some(2), "{misspelt:?}");
    assert!(misspelt.stderr.contains("tokken") && misspelt.stderr.contains("line"), "{misspelt:?}");
}

#[test]
fn a_scenario_that_the_target_cannot_run_is_a_usage_error_that_names_it() {
    let run = run(&[
        "--host",
        "http://127.0.0.1:1",
        "--target",
        "flask-tutorial",
        "--scenario",
        "refresh",
    ]);
    assert_eq!(run.status, Some(2), "{run:?}");
    assert!(run.stderr.contains("--scenario refresh needs [refresh]"), "{run:?}");
}
