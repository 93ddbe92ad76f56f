//! Runs the load tester as its users do, for a second or two, against a fake server on loopback.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod comparisons;
mod experiments;
mod failover;
mod fake;
mod own_server;
mod real_server;
mod scenarios;
mod second_factor;
mod tls;

use std::path::Path;
use std::process::{Command, Output};

use fake::{Fake, Fault};
use tempfile::TempDir;

/// A run that has ended, and the directory that it ran in.
struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
    dir: TempDir,
}

impl Run {
    fn verdict(&self) -> &str {
        self.stdout.lines().last().unwrap_or("")
    }

    /// The row of a request in the summary: name, count, failed, and so on.
    fn row(&self, request: &str) -> Vec<&str> {
        let row = self.stdout.lines().find_map(|line| line.strip_prefix(request));
        row.unwrap_or_else(|| panic!("no row for {request}\n{self:?}")).split_whitespace().collect()
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "exit status {:?}\n{}\n{}", self.status, self.stdout, self.stderr)
    }
}

/// The closed loop, in a directory of its own and without the settings of whoever runs the tests.
fn command(dir: &Path) -> Command {
    let mut command = program(dir);
    command.arg("goose");
    command
}

/// The program without a command.
fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallpass-loadtest"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HALLPASS_") {
            command.env_remove(name);
        }
    }
    command.current_dir(dir);
    command
}

fn finished(output: Output, dir: TempDir) -> Run {
    Run {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        dir,
    }
}

fn run(args: &[&str]) -> Run {
    let dir = TempDir::new().unwrap();
    let output = command(dir.path()).args(args).output().unwrap();
    finished(output, dir)
}

fn run_against(fault: Fault, args: &[&str]) -> (Run, Fake) {
    let fake = Fake::start(fault);
    let run = run(&[&["--host", &fake.url, "-t", "1s", "-u", "4"], args].concat());
    (run, fake)
}

#[test]
fn a_run_against_a_right_server_passes_and_writes_the_reports() {
    let files = ["--json", "run.json", "--junit", "run.xml", "--report", "goose.html"];
    let (run, fake) = run_against(Fault::None, &files);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(run.verdict().starts_with("PASS: "), "{run:?}");
    assert_eq!(run.row("POST /api/login")[1], "0", "{run:?}");
    assert_ne!(run.row("GET /api/verify")[0], "0", "{run:?}");
    assert_eq!(fake.registered(), 4);
    let file = |name: &str| std::fs::read_to_string(run.dir.path().join(name)).unwrap();
    for report in [file("hallpass-load.html"), file("goose.html")] {
        assert!(report.contains("/api/verify") && report.contains("/api/login"), "{report}");
    }
    let page = file("hallpass-load.html");
    assert!(
        page.contains("<svg") && !page.contains("<script") && !page.contains("//cdn"),
        "{page}"
    );
    let json: serde_json::Value = serde_json::from_str(&file("run.json")).unwrap();
    assert_eq!((&json["experiment"], &json["verdict"]), (&"goose".into(), &"pass".into()));
    assert!(file("run.xml").contains(r#"name="load.goose" tests="1""#), "{}", file("run.xml"));
}

#[test]
fn a_scenario_can_run_alone_and_from_the_environment() {
    let fake = Fake::start(Fault::None);
    let dir = TempDir::new().unwrap();
    let mut command = command(dir.path());
    command.env("HALLPASS_LOAD_HOST", &fake.url).env("HALLPASS_LOAD_SCENARIO", "verify");
    let output = command.args(["-u", "2", "-t", "1s", "--wait", "10ms"]).output().unwrap();
    let run = finished(output, dir);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(!run.stdout.contains("/api/login"), "{run:?}");
}

#[test]
fn wrong_answers_with_status_200_fail_the_run_and_are_named() {
    let (run, _) = run_against(Fault::WrongSub, &[]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().starts_with("FAIL: "), "{run:?}");
    assert!(run.verdict().contains("verify: wrong user id"), "{run:?}");
    assert_ne!(run.row("GET /api/verify")[1], "0", "{run:?}");
}

#[test]
fn server_errors_fail_the_run_and_are_named() {
    let (run, _) = run_against(Fault::InternalError, &[]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("verify: status 500"), "{run:?}");
}

#[test]
fn a_declared_overload_fails_the_run_under_its_own_name() {
    let (run, _) = run_against(Fault::Overload, &["--scenario", "login"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("login: declared overload (503)"), "{run:?}");
}

#[test]
fn access_tokens_are_renewed_before_they_expire() {
    let (run, _) = run_against(Fault::ShortTokens, &["--scenario", "verify", "-t", "3s"]);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_ne!(run.row("POST /api/refresh (renewal)")[0], "0", "{run:?}");
}

#[test]
fn a_server_that_is_busy_while_accounts_are_set_up_is_asked_again() {
    let (run, fake) = run_against(Fault::BusyAtFirst, &[]);
    assert_eq!(run.status, Some(0), "{run:?}");
    assert_eq!(fake.registered(), 4);
}

#[test]
fn closed_registration_is_a_failure_that_says_what_to_do() {
    let (run, _) = run_against(Fault::RegistrationClosed, &[]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("--registration open"), "{run:?}");
}

#[test]
fn reports_of_an_earlier_run_do_not_stay_when_this_one_cannot_begin() {
    let files = ["--html", "old.html", "--json", "old.json", "--junit", "old.xml"];
    let nobody = ["open", "--host", "http://127.0.0.1:1"];
    let no_server = ["knee", "--server", "/nonexistent/hallpass"];
    let nothing_to_send = ["open", "--verify-rate", "0"];
    let closed = ["goose", "--host", "http://127.0.0.1:1", "--accounts", "1", "-u", "2"];
    for (args, status) in
        [(&nobody[..], 1), (&no_server[..], 2), (&nothing_to_send[..], 2), (&closed[..], 2)]
    {
        let dir = TempDir::new().unwrap();
        for file in ["old.html", "old.json", "old.xml"] {
            std::fs::write(dir.path().join(file), "PASS of an earlier run").unwrap();
        }
        let output = program(dir.path()).args(args).args(files).output().unwrap();
        let run = finished(output, dir);
        assert_eq!(run.status, Some(status), "{run:?}");
        for file in ["old.html", "old.json", "old.xml"] {
            let text = std::fs::read_to_string(run.dir.path().join(file)).unwrap();
            assert!(!text.contains("earlier run"), "{file}: {text}");
            assert!(text.contains("the run has no result"), "{file}: {text}");
        }
        let json = std::fs::read(run.dir.path().join("old.json")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["verdict"], "fail", "{json}");
        let xml = std::fs::read_to_string(run.dir.path().join("old.xml")).unwrap();
        assert!(xml.contains("<failure"), "{xml}");
    }
}

#[test]
fn a_run_that_is_killed_leaves_no_report_of_an_earlier_one() {
    let fake = Fake::start(Fault::None);
    let dir = TempDir::new().unwrap();
    let report = dir.path().join("run.json");
    std::fs::write(&report, "PASS of an earlier run").unwrap();
    let args = ["open", "--host", &fake.url, "-t", "60s", "--accounts", "2", "--json", "run.json"];
    let mut child = program(dir.path()).args(args).spawn().unwrap();
    fake.wait_for_verifications(1);
    child.kill().unwrap();
    child.wait().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!(json["verdict"], "invalid", "{json}");
    assert!(json["reason"].as_str().unwrap().contains("has no result"), "{json}");
}

/// A run of slow verifications with so few file descriptors: soft and hard limit, as the shell sets
/// them.
fn with_descriptors(limits: &str) -> Run {
    let fake = Fake::start(Fault::HoldsVerify);
    let dir = TempDir::new().unwrap();
    let program = program(dir.path());
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limits}; exec \"$0\" \"$@\"")).arg(program.get_program());
    command.current_dir(dir.path());
    command.args(["open", "--host", &fake.url, "--accounts", "2", "--late-after", "10s"]);
    command.args(["--verify-rate", "100", "-t", "2s"]);
    finished(command.output().unwrap(), dir)
}

#[test]
fn too_few_file_descriptors_are_raised_or_make_the_run_invalid() {
    let raised = with_descriptors("ulimit -Sn 64");
    assert!(!raised.verdict().contains("file descriptor"), "{raised:?}");
    let run = with_descriptors("ulimit -n 64");
    assert_eq!(run.status, Some(3), "{run:?}");
    assert!(run.verdict().contains("verify: the generator has no file descriptor"), "{run:?}");
}

#[test]
fn a_report_takes_the_place_of_no_file_that_is_used_otherwise() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("mine"), "ann and bob").unwrap();
    for args in [
        &["open", "--host", "http://127.0.0.1:1", "--accounts-file", "mine", "--json", "mine"][..],
        &["open", "--host", "http://127.0.0.1:1", "--target", "mine", "--html", "./mine"],
        &["open", "--host", "http://127.0.0.1:1", "--html", "mine", "--junit", "mine"],
        &["gate", "--baseline", "mine", "--json", "mine"],
    ] {
        let output = program(dir.path()).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        let text = std::fs::read_to_string(dir.path().join("mine")).unwrap();
        assert_eq!(text, "ann and bob", "{args:?}");
    }
}

#[test]
fn a_missed_goose_threshold_fails_the_run() {
    // The machine of the tests may be busy with them.
    let busy = ["--max-others", "100%"];
    let args = ["--", "--no-threshold-abort", "--threshold", "p50<1us"];
    let (run, _) = run_against(Fault::None, &[&busy[..], &args].concat());
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("threshold p50<1us"), "{run:?}");
}

#[test]
fn a_host_that_cannot_be_reached_is_a_failure_that_names_it() {
    // Nothing listens on a port that was bound and given back a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let host = format!("http://127.0.0.1:{port}");
    let run = run(&["--host", &host, "-t", "1s"]);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains(&format!("cannot connect to {host}")), "{run:?}");
}

#[test]
fn a_wrong_command_line_has_an_exit_status_of_its_own() {
    for args in [
        &["--host", "127.0.0.1:8080"][..],
        &["--users", "1"],
        &["--report", "no/such/directory/report.html"],
        &["--report", "report.txt"],
        &["--report", "same.html", "--html", "same.html"],
        &["--junit", "no/such/directory/run.xml"],
        &["--server", "/nonexistent/hallpass"],
        &["--", "--users", "3"],
        &["--", "--no-such-option"],
    ] {
        let run = run(args);
        assert_eq!(run.status, Some(2), "{args:?}: {run:?}");
        assert!(run.stderr.contains("error: "), "{args:?}: {run:?}");
    }
}
