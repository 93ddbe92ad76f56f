//! Starting and stopping a server of the run's own. A shell script stands in for it: it says the
//! address of the fake server, and notes how it was started and stopped.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::fake::{Fake, Fault};
use crate::{Run, command, finished};

const STAND_IN: &str = r#"#!/bin/sh
echo "$@" > "$NOTES/args"
trap 'echo TERM > "$NOTES/stopped"; exit 0' TERM
echo "started" >&2
echo "listening on $ADDRESS"
while :; do sleep 0.05; done
"#;

fn script(dir: &Path, text: &str) -> PathBuf {
    let path = dir.join("hallpass");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The command with a script as its server, and everything temporary below one directory.
fn command_with(dir: &TempDir, text: &str, url: &str) -> Command {
    let server = script(dir.path(), text);
    let tmp = dir.path().join("tmp");
    fs::create_dir(&tmp).unwrap();
    let mut command = command(dir.path());
    command.env("NOTES", dir.path()).env("ADDRESS", url).env("TMPDIR", tmp);
    command.env("HALLPASS_LOAD_RUN_TIME", "1s").arg("--server").arg(server).args(["-u", "2"]);
    command
}

fn left_in_tmp(run: &Run) -> Vec<PathBuf> {
    let entries = fs::read_dir(run.dir.path().join("tmp")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_server_of_its_own_is_started_stopped_and_cleared_away() {
    let fake = Fake::start(Fault::None);
    let dir = TempDir::new().unwrap();
    let output = command_with(&dir, STAND_IN, &fake.url)
        .args(["--server-arg", "--pbkdf2-iterations 1000"])
        .output()
        .unwrap();
    let run = finished(output, dir);
    assert_eq!(run.status, Some(0), "{run:?}");
    let args = fs::read_to_string(run.dir.path().join("args")).unwrap();
    assert!(args.starts_with("serve --listen 127.0.0.1:0 --data-dir "), "{args}");
    assert!(args.ends_with("--pbkdf2-iterations 1000\n"), "{args}");
    assert!(run.dir.path().join("stopped").is_file(), "{run:?}");
    assert_eq!(left_in_tmp(&run), Vec::<PathBuf>::new());
}

#[test]
fn the_log_of_its_own_server_is_kept_when_the_run_fails() {
    let fake = Fake::start(Fault::WrongSub);
    let dir = TempDir::new().unwrap();
    let run = finished(command_with(&dir, STAND_IN, &fake.url).output().unwrap(), dir);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.dir.path().join("stopped").is_file(), "{run:?}");
    let log = left_in_tmp(&run)[0].join("server.log");
    assert!(run.stderr.contains(log.to_str().unwrap()), "{run:?}");
    assert_eq!(fs::read_to_string(log).unwrap(), "started\n");
}

#[test]
fn a_server_that_does_not_start_is_a_failure_with_its_last_words() {
    let dir = TempDir::new().unwrap();
    let text = "#!/bin/sh\necho 'the data directory is on fire' >&2\nexit 1\n";
    let run = finished(command_with(&dir, text, "").output().unwrap(), dir);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.stdout.contains("the data directory is on fire"), "{run:?}");
}

#[test]
fn a_server_that_ends_during_the_run_fails_it() {
    let fake = Fake::start(Fault::None);
    let dir = TempDir::new().unwrap();
    let text = "#!/bin/sh\necho \"listening on $ADDRESS\"\n\
                while [ ! -e \"$NOTES/end\" ]; do sleep 0.05; done\nexit 7\n";
    let mut command = command_with(&dir, text, &fake.url);
    command.args(["--run-time", "2s"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    fake.wait_for_verifications(1);
    fs::write(dir.path().join("end"), "").unwrap();
    let run = finished(child.wait_with_output().unwrap(), dir);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("the server ended during the run"), "{run:?}");
}

#[test]
fn an_interrupted_run_reports_what_it_has_and_stops_its_server() {
    let fake = Fake::start(Fault::None);
    let dir = TempDir::new().unwrap();
    let mut command = command_with(&dir, STAND_IN, &fake.url);
    command.args(["--run-time", "60s", "--", "--no-reset-metrics"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    fake.wait_for_verifications(10);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let run = finished(child.wait_with_output().unwrap(), dir);
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.verdict().contains("the run was interrupted"), "{run:?}");
    assert_ne!(run.row("GET /api/verify")[0], "0", "{run:?}");
    assert!(run.dir.path().join("stopped").is_file(), "{run:?}");
}

#[test]
fn a_second_interrupt_ends_the_run_at_once_and_leaves_nothing_behind() {
    // A user that is told to pause for long keeps Goose from ending before the second signal.
    let fake = Fake::start(Fault::None);
    let dir = TempDir::new().unwrap();
    let mut command = command_with(&dir, STAND_IN, &fake.url);
    command.args(["--run-time", "60s", "--wait", "60s"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    fake.wait_for_verifications(1);
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    // More than two, since a busy machine may deliver two as one.
    while child.try_wait().unwrap().is_none() {
        kill_process(pid, Signal::INT).unwrap();
        thread::sleep(Duration::from_millis(20));
    }
    let run = finished(child.wait_with_output().unwrap(), dir);
    assert_eq!(run.status, Some(130), "{run:?}");
    assert_eq!(left_in_tmp(&run), Vec::<PathBuf>::new());
}
