use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;

use super::{add, hallpass};
use crate::app::PASSWORD;
use crate::binary::{Process, command};

const SOCKET: &str = "control.sock";

#[test]
fn the_socket_is_for_its_owner_alone_and_goes_with_the_server() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    let socket = dir.path().join(SOCKET);
    let mut process = Process::start(dir.path(), &[]);
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let (status, _) = process.end(Signal::TERM);
    assert!(status.success() && !socket.exists());
}

#[test]
fn a_socket_that_a_killed_server_left_is_in_nobodys_way() {
    let dir = tempfile::tempdir().unwrap();
    Process::start(dir.path(), &[]).end(Signal::KILL);
    assert!(dir.path().join(SOCKET).exists());
    add(dir.path(), "ada", &[]).ok();
    let _process = Process::start(dir.path(), &[]);
    let listed = hallpass(dir.path(), &["user", "list"]).ok();
    assert!(listed.contains("ada"), "{listed}");
    add(dir.path(), "bob", &[]).ok();
}

#[tokio::test]
async fn whatever_is_sent_over_the_socket_the_server_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    let connect = || UnixStream::connect(dir.path().join(SOCKET)).unwrap();
    // Silent and half-way ones, more than are served at once.
    let mut silent: Vec<UnixStream> = (0..10).map(|_| connect()).collect();
    for stream in &mut silent[..5] {
        stream.write_all(b"{\"version\": 1, \"comm").unwrap();
    }
    for garbage in
        [&b"\0\xff\n"[..], b"GET / HTTP/1.1\r\n\r\n", b"[[[[[[[[\n", b"{\"version\":1}\n"]
    {
        let mut stream = connect();
        stream.write_all(garbage).unwrap();
        let mut reply = String::new();
        BufReader::new(&stream).read_line(&mut reply).unwrap();
        assert!(reply.contains("refused"), "{reply}");
    }
    let mut endless = connect();
    // It is told why before it is cut off; how much it could send until then is the system's
    // matter.
    let _ = endless.write_all(&vec![b'['; 17 * 1024 * 1024]);
    let mut reply = String::new();
    let _ = endless.read_to_string(&mut reply);
    assert!(reply.contains("bytes long"), "{reply}");
    drop(silent);
    add(dir.path(), "ada", &[]).ok();
    assert_eq!(process.post("/api/login", "ada", PASSWORD).await.status(), 200);
    let open = connect();
    let (status, log) = process.end(Signal::TERM);
    drop(open);
    assert!(status.success(), "an idle connection does not hold it up: {log}");
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn where_no_socket_can_be_the_server_serves_and_the_command_line_says_why_it_can_not_help() {
    let dir = tempfile::tempdir().unwrap();
    let deep = dir.path().join("x".repeat(100));
    let mut process = Process::start(&deep, &[]);
    let reason = add(&deep, "ada", &[]).refused();
    assert!(reason.contains("in use") && reason.contains("control socket"), "{reason}");
    let (_, log) = process.end(Signal::TERM);
    assert!(log.contains("WARN") && log.contains("no control socket"), "{log}");
    add(&deep, "ada", &[]).ok();
}

#[test]
fn commands_at_once_on_a_stopped_server_wait_for_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    std::thread::scope(|scope| {
        let adding = |n| scope.spawn(move || add(path, &format!("user{n}"), &[]).ok());
        let threads: Vec<_> = (0..4).map(adding).collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
    assert_eq!(hallpass(path, &["user", "list", "--json"]).ok().lines().count(), 4);
}

#[test]
fn whoever_stops_reading_gets_no_complaint() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "ada", &[]).ok();
    for args in [&["user", "list"][..], &["user", "export"], &["user", "roles", "ada"]] {
        let output = unread(dir.path(), args);
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{args:?}");
    }
}

/// With a standard output that is closed at the other end.
fn unread(dir: &Path, args: &[&str]) -> std::process::Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command(dir, args).stdout(Stdio::from(writer)).output().unwrap()
}
