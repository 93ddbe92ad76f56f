//! Logins in two steps: a password and a one-time code.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::fake::{Fake, Fault};
use crate::{Run, finished, program, run, run_against};

/// A run of the open loop with 20 logins in two steps, on a machine that may be busy.
fn open(fake: &Fake, args: &[&str]) -> Run {
    open_in(TempDir::new().unwrap(), &fake.url, args)
}

fn open_in(dir: TempDir, url: &str, args: &[&str]) -> Run {
    let fixed = ["open", "--host", url, "--second-factor-rate", "10", "-t", "2s"];
    let free = ["--late-after", "10s", "--max-others", "100%", "--json", "run.json"];
    let output = program(dir.path()).args(fixed).args(free).args(args).output().unwrap();
    finished(output, dir)
}

fn figures(run: &Run) -> Value {
    let text = std::fs::read(run.dir.path().join("run.json")).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap()["requests"].clone()
}

#[test]
fn logins_in_two_steps_arrive_at_a_rate_and_each_is_one_request() {
    let fake = Fake::start(Fault::Hashes);
    let run = open(&fake, &["--slo", "second-factor p50<10s"]);
    assert_eq!(run.status, Some(0), "{run:?}");
    let requests = figures(&run);
    let logins = &requests["second-factor"];
    assert_eq!(
        (&logins["offered"], &logins["outcomes"]["ok"]),
        (&20.into(), &20.into()),
        "{run:?}"
    );
    assert_eq!(fake.two_step_logins(), 20);
    assert_eq!(fake.registered(), 20, "as many accounts as logins, and no others");
    assert!(!run.stderr.contains("waiting"), "a set-up leaves the present code unspent: {run:?}");
    // Each step takes the fake server two milliseconds.
    for times in ["latency_us", "service_us"] {
        assert!(logins[times]["p50"].as_u64() >= Some(4_000), "{times}: {logins}");
    }
    assert!(run.stdout.contains("\nsecond-factor "), "{run:?}");
}

#[test]
fn other_requests_beside_them_have_accounts_of_their_own() {
    let fake = Fake::start(Fault::None);
    let beside = ["--login-rate", "10", "--verify-rate", "20", "--accounts", "25"];
    let run = open(&fake, &beside);
    assert_eq!(run.status, Some(0), "{run:?}");
    let requests = figures(&run);
    for (request, count) in [("second-factor", 20), ("login", 20), ("verify", 40)] {
        assert_eq!(requests[request]["outcomes"]["ok"], count, "{request}: {run:?}");
    }
    assert_eq!(fake.registered(), 25);
}

#[test]
fn too_few_accounts_for_the_rate_are_refused_before_anything_is_sent() {
    let fake = Fake::start(Fault::None);
    let run = open(&fake, &["--accounts", "19"]);
    assert_eq!(run.status, Some(2), "{run:?}");
    let errors: Vec<&str> = run.stderr.lines().filter(|line| line.contains("error: ")).collect();
    assert_eq!(errors.len(), 1, "{run:?}");
    assert!(errors[0].contains("takes at least 20 accounts"), "{run:?}");
    assert_eq!(fake.requests(), 0);
    assert_eq!(open(&fake, &["--accounts", "20"]).status, Some(0));
}

#[test]
fn a_target_without_them_refuses_the_request_and_the_scenario() {
    let fake = Fake::start(Fault::None);
    let opened = open(&fake, &["--target", "flask-tutorial"]);
    let args = ["--target", "flask-tutorial", "--scenario", "second-factor"];
    let (goose, _) = run_against(Fault::None, &args);
    for run in [opened, goose] {
        assert_eq!(run.status, Some(2), "{run:?}");
        let says = "needs [second_factor], which the target flask-tutorial does not have";
        assert!(run.stderr.contains(says), "{run:?}");
    }
    assert_eq!(fake.requests(), 0);
}

#[test]
fn a_wrong_answer_to_either_step_fails_the_run_and_is_named() {
    for (fault, says) in [
        (Fault::PasswordAlone, "signed in without a second factor"),
        (Fault::RefusesCodes, "one-time code refused (status 401)"),
    ] {
        let fake = Fake::start(fault);
        let opened = open(&fake, &[]);
        let (goose, _) = run_against(fault, &["--scenario", "second-factor", "-t", "2s"]);
        for run in [opened, goose] {
            assert_eq!(run.status, Some(1), "{fault:?}: {run:?}");
            assert!(run.verdict().contains(says), "{fault:?}: {run:?}");
        }
    }
}

#[test]
fn a_server_whose_clock_is_wrong_is_told_so_at_its_first_refusal() {
    let run = open(&Fake::start(Fault::ClockAhead), &[]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("the server's clock is 9"), "{run:?}");
    assert!(run.verdict().contains("POST /api/me/totp/confirm answered 422"), "{run:?}");
}

#[test]
fn users_of_the_closed_loop_share_accounts_and_each_step_has_a_row() {
    let args = ["--scenario", "second-factor", "-t", "2s", "--json", "run.json"];
    let (run, fake) = run_against(Fault::None, &args);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_eq!(fake.registered(), 120, "30 for each of four users");
    let requests = figures(&run);
    let ok = |request: &str| requests[request]["outcomes"]["ok"].as_u64().unwrap();
    assert_eq!(ok("second-factor"), fake.two_step_logins());
    assert_eq!(ok("first-step"), ok("second-factor"), "{requests}");
    // Four a second, in two seconds and what Goose takes to start and to end.
    assert!((4..=40).contains(&ok("second-factor")), "{requests}");
    assert_ne!(run.row("POST /api/login (first step)")[0], "0", "{run:?}");
    assert_ne!(run.row("POST /api/login/second-factor")[0], "0", "{run:?}");
}

#[test]
fn accounts_of_a_file_keep_their_secrets_and_wait_for_codes_that_nobody_has_spent() {
    let fake = Fake::start(Fault::None);
    let first = open(&fake, &["--accounts-file", "accounts.jsonl"]);
    assert_eq!(first.status, Some(0), "{first:?}");
    let file = first.dir.path().join("accounts.jsonl");
    let lines = std::fs::read_to_string(&file).unwrap();
    assert_eq!(lines.matches("\"totp\":").count(), 20, "{lines}");

    let args = ["open", "--host", &fake.url, "--second-factor-rate", "10", "-t", "2s"];
    let mut again = program(first.dir.path());
    again.args(args).args(["--accounts-file", "accounts.jsonl"]);
    let mut child = again.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut words = String::new();
    while !words.contains("unspent one-time codes") {
        assert_ne!(stderr.read_line(&mut words).unwrap(), 0, "it did not wait: {words}");
    }
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::TERM).unwrap();
    stderr.read_to_string(&mut words).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("use 20 accounts of accounts.jsonl"), "{words}");
    assert_eq!(fake.registered(), 20);
}

#[test]
fn what_asks_for_a_code_is_what_the_target_file_says() {
    let printed = run(&["--print-target", "hallpass"]);
    let file = printed.dir.path().join("mine.toml");
    let mine = printed.stdout.replace("needs_status = [401]", "needs_status = [403]");
    std::fs::write(&file, mine).unwrap();
    let fake = Fake::start(Fault::None);
    let run = open(&fake, &["--target", file.to_str().unwrap()]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("second-factor: status 401"), "{run:?}");
    assert_eq!(fake.two_step_logins(), 0);
}
