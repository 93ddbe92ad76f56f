//! Processes that do what they should, and others. Shell scripts stand in for them.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should fail")]

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use hallpass_process::{Announcement, Launch, Process, Server, command, kill_all};
use rustix::process::{Pid, Signal};

const SOON: Duration = Duration::from_secs(30);
const AT_ONCE: Duration = Duration::from_millis(100);

/// A script that listens, as far as it says.
const SERVER: &str = "echo 'listening on http://127.0.0.1:40123'; exec sleep 60";

fn sh(script: &str) -> Launch {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Launch { name: "script".to_owned(), ..Launch::new(command) }
}

fn refused(launch: Launch) -> String {
    Server::start(launch).unwrap_err().to_string()
}

/// Whether the process is there and is no zombie.
fn runs(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < deadline, "it does not come");
        std::thread::yield_now();
    }
}

#[test]
fn a_server_says_where_it_listens() {
    let server = Server::start(sh(SERVER)).unwrap();
    assert_eq!(server.url(), "http://127.0.0.1:40123");
    assert_eq!(server.address().unwrap().port(), 40123);
    assert!(server.start_up > Duration::ZERO && server.start_up < SOON);
}

#[test]
fn another_announcement_may_stand_on_any_line() {
    let script = "echo one; echo started on port 9515.; echo two; exec sleep 60";
    let announcement = Announcement::AnyLine("on port ");
    let mut server = Server::start(Launch { announcement, ..sh(script) }).unwrap();
    assert_eq!(server.url(), "9515.");
    assert!(server.address().is_err());
    until(|| server.process.log().contains("two"));
    server.process.kill();
    assert_eq!(server.process.log(), "one\ntwo\n");
}

#[test]
fn a_program_that_ends_early_is_refused_with_its_last_words() {
    let script = "for n in 1 2 3 4 5 6; do echo line $n >&2; done; exit 3";
    let expected = "script did not start: it ended (exit status: 3)\
                    \n  | line 2\n  | line 3\n  | line 4\n  | line 5\n  | line 6";
    assert_eq!(refused(sh(script)), expected);
}

#[test]
fn a_program_that_says_something_else_is_refused_at_once() {
    let error = refused(sh("echo hello; echo why >&2; sleep 60"));
    assert!(error.contains("its first line is \"hello\", not its address"), "{error}");
    let garbage = refused(sh("printf '\\377\\000'; head -c 100000 /dev/zero; sleep 60"));
    assert!(garbage.contains("its first line is \"\u{fffd}\\0"), "{garbage}");
}

#[test]
fn a_program_that_never_listens_is_refused_after_a_while_and_killed() {
    let dir = tempfile::tempdir().unwrap();
    let pid = dir.path().join("pid");
    let script = format!("echo $$ > {}; echo waiting >&2; exec sleep 60", pid.display());
    let patience = Duration::from_millis(500);
    let error = refused(Launch { patience, ..sh(&script) });
    assert_eq!(error, "script did not start: it did not listen within 0.5 s\n  | waiting");
    let pid = fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    assert!(!runs(Pid::from_raw(pid).unwrap()));
    let closed = refused(sh("exec >&-; exec sleep 60"));
    assert!(closed.contains("closed its output"), "{closed}");
}

#[test]
fn a_start_can_be_cancelled() {
    let mut launch = sh("exec sleep 60");
    let process = launch.spawn().unwrap();
    let error = Server::of(&launch, process, || true).unwrap_err();
    assert_eq!(error.to_string(), "script did not start: interrupted");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let launch = Launch::new(command::hallpass(Path::new("/nonexistent/hallpass")));
    assert_eq!(refused(launch), "can't start /nonexistent/hallpass");
}

#[test]
fn the_log_is_complete_and_goes_on_in_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("log");
    fs::write(&file, "before\n").unwrap();
    let script = "echo listening on x; echo out; echo err >&2; exec sleep 60";
    let mut server = Server::start(Launch { log: Some(file.clone()), ..sh(script) }).unwrap();
    until(|| server.process.log().lines().count() == 2);
    server.process.kill();
    assert_eq!(server.process.last_words().lines().count(), 3, "an empty one, out and err");
    assert!(fs::read_to_string(&file).unwrap().starts_with("before\n"));

    let script = "echo listening on x; head -c 300000 /dev/zero >&2; exit 4";
    let mut long = Server::start(sh(script)).unwrap();
    assert_eq!(long.process.wait(SOON).unwrap().code(), Some(4));
    assert_eq!(long.process.log().len(), 300_000);
}

#[test]
fn a_server_that_obeys_sigterm_ends_in_order_even_if_it_is_stopped() {
    let script = "trap 'echo bye >&2; exit 7' TERM; echo listening on x; \
                  while :; do sleep 0.01; done";
    let mut server = Server::start(sh(script)).unwrap();
    server.process.signal(Signal::STOP).unwrap();
    assert_eq!(server.process.terminate(SOON).unwrap().code(), Some(7));
    assert_eq!(server.process.log(), "bye\n");
    assert_eq!(server.process.ended().unwrap().code(), Some(7));
    assert!(server.process.signal(Signal::TERM).is_err(), "its number may be another's by now");
}

#[test]
fn a_server_that_ignores_sigterm_is_killed_after_a_while() {
    let script = "trap '' TERM; echo listening on x; while :; do sleep 0.01; done";
    let mut server = Server::start(sh(script)).unwrap();
    assert!(server.process.ended().is_none());
    let error = server.process.terminate(AT_ONCE).unwrap_err();
    assert_eq!(error.to_string(), "script did not end within 0.1 s");
    assert_eq!(server.process.ended().unwrap().signal(), Some(9));
}

#[test]
fn a_dropped_server_has_time_to_end_in_order_if_it_is_given_some() {
    let dir = tempfile::tempdir().unwrap();
    let ended = dir.path().join("ended");
    let script = format!(
        "trap 'echo bye > {}; exit' TERM; echo listening on x; while :; do sleep 0.01; done",
        ended.display()
    );
    drop(Server::start(sh(&script)).unwrap());
    assert!(!ended.exists());
    drop(Server::start(Launch { grace: SOON, ..sh(&script) }).unwrap());
    assert!(ended.exists());
    let stubborn = "trap '' TERM; echo listening on x; while :; do sleep 0.01; done";
    let server = Server::start(Launch { grace: AT_ONCE, ..sh(stubborn) }).unwrap();
    let id = server.process.id();
    drop(server);
    assert!(!runs(id));
}

#[test]
fn what_a_server_started_ends_with_it_however_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let script = format!(
        "trap 'exit 0' TERM; sleep 60 & echo $! > {}; echo listening on x; wait",
        file.display()
    );
    let ends: [fn(Server); 3] = [
        drop,
        |mut server| server.process.kill(),
        |mut server| assert!(server.process.terminate(SOON).unwrap().success()),
    ];
    for end in ends {
        let server = Server::start(sh(&script)).unwrap();
        let server_id = server.process.id();
        let child: i32 = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        let child = Pid::from_raw(child).unwrap();
        assert!(runs(server_id) && runs(child));
        end(server);
        assert!(!runs(server_id));
        until(|| !runs(child));
    }
}

#[test]
fn a_server_can_start_again_on_the_same_address_and_its_log_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let address = TcpListener::bind(command::ANY_PORT).unwrap().local_addr().unwrap();
    let script = dir.path().join("hallpass");
    fs::write(&script, "#!/bin/sh\necho $1 $4 >&2; echo listening on http://$3; exec sleep 60\n")
        .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let log = Some(dir.path().join("log"));
    for _ in 0..2 {
        let serve = command::serve(&script, &address.to_string(), dir.path());
        let mut server = Server::start(Launch { log: log.clone(), ..Launch::new(serve) }).unwrap();
        assert_eq!(server.address().unwrap(), address);
        server.process.kill();
        assert_eq!(server.process.log(), "serve --data-dir\n");
    }
}

fn spawned(script: &str) -> Process {
    sh(script).spawn().unwrap()
}

#[test]
fn a_program_that_runs_to_its_end_is_read_or_quoted() {
    assert_eq!(spawned("echo all is well").finish().unwrap().printed().unwrap(), "all is well\n");
    let failed = spawned("echo first >&2; echo no such file >&2; exit 3").finish().unwrap();
    let error = failed.printed().unwrap_err().to_string();
    assert_eq!(error, "script failed (exit status: 3)\n  | first\n  | no such file");
}

#[test]
fn a_process_that_has_ended_is_to_blame() {
    let mut process = spawned("echo bye >&2");
    process.wait(SOON).unwrap();
    let error = process.blame(anyhow::anyhow!("connection reset"));
    assert_eq!(error.to_string(), "script ended (exit status: 0)\n  | bye");
    let mut process = spawned("exec sleep 60");
    let error = process.blame(anyhow::anyhow!("connection reset"));
    assert_eq!(format!("{error:#}"), "script: connection reset");
}

/// This test once more, in a process of its own with one more variable.
fn again(test: &str, variable: &str, value: impl AsRef<OsStr>) -> ExitStatus {
    let mut itself = Command::new(std::env::current_exe().unwrap());
    itself.args(["--exact", test]).env(variable, value).status().unwrap()
}

#[test]
fn a_program_that_exits_at_once_can_kill_all_that_runs() {
    let variable = "PID_FILE";
    if let Some(file) = std::env::var_os(variable) {
        let server = Server::start(sh(SERVER)).unwrap();
        fs::write(file, server.process.id().to_string()).unwrap();
        kill_all(|| std::process::exit(130));
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let name = "a_program_that_exits_at_once_can_kill_all_that_runs";
    assert_eq!(again(name, variable, file.path()).code(), Some(130));
    let pid = fs::read_to_string(file).unwrap().parse().unwrap();
    until(|| !runs(Pid::from_raw(pid).unwrap()));
}

#[test]
fn the_callers_settings_do_not_reach_a_hallpass() {
    let (dir, variable) = (tempfile::tempdir().unwrap(), "HALLPASS_LISTEN");
    if std::env::var_os(variable).is_none() {
        let name = "the_callers_settings_do_not_reach_a_hallpass";
        return assert!(again(name, variable, "x").success());
    }
    let out = dir.path().join("out");
    let mut env = command::hallpass(Path::new("env"));
    env.stdout(fs::File::create(&out).unwrap());
    assert!(env.status().unwrap().success());
    let variables = fs::read_to_string(out).unwrap();
    assert!(variables.contains("PATH=") && !variables.contains("HALLPASS_"), "{variables}");
}
