//! Several addresses, and sockets of the file system.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::announced::Announced;
use crate::binary::{Process, client, serve_command};

const PATIENCE: Duration = Duration::from_secs(60);

fn ask(mut stream: UnixStream, request: &str) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

const REQUEST: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

fn unix(path: &Path, more: &str) -> String {
    format!("unix:{}{more}", path.display())
}

#[tokio::test]
async fn each_address_is_announced_in_order_and_served() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("http.sock");
    let listen = unix(&socket, "?mode=0600");
    let args = ["--listen", "127.0.0.1:0", "--listen", &listen, "--listen", "[::1]:0"];
    let server = Announced::start(serve_command(&dir.path().join("data"), &args), 3);
    let lines = &server.addresses;
    assert!(lines[0].starts_with("http://127.0.0.1:"), "{lines:?}");
    assert_eq!(lines[1], format!("unix:{}", socket.display()));
    assert!(lines[2].starts_with("http://[::1]:"), "{lines:?}");
    for url in [&lines[0], &lines[2]] {
        assert_eq!(client().get(format!("{url}/healthz")).send().await.unwrap().status(), 200);
    }
    assert!(ask(UnixStream::connect(&socket).unwrap(), REQUEST).starts_with("HTTP/1.1 200"));
    let mode = fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(server.terminate().success());
    assert!(!socket.exists(), "the file goes with the server");
}

#[tokio::test]
async fn who_comes_by_a_socket_is_a_trusted_proxy() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("http.sock");
    let process = Process::start(&dir.path().join("data"), &["--listen", &unix(&socket, "")]);
    assert_eq!(process.url, format!("unix:{}", socket.display()));
    let login = |x_forwarded_for: &str| {
        let body = r#"{"username": "nobody", "password": "x"}"#;
        let request = format!(
            "POST /api/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: mine\r\n\
             X-Forwarded-For: {x_forwarded_for}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        ask(UnixStream::connect(&socket).unwrap(), &request)
    };
    // More than one address may try: each counts for itself.
    for n in 1..=30 {
        let answer = login(&format!("198.51.100.{n}"));
        assert!(answer.contains("\r\nx-request-id: mine\r\n"), "{answer}");
        assert!(answer.starts_with("HTTP/1.1 401"), "{n}: {answer}");
    }
    process.logged("client=198.51.100.30", PATIENCE);
}

#[test]
fn a_socket_that_was_left_behind_is_replaced_and_nothing_else_is() {
    let dir = tempfile::tempdir().unwrap();
    let (socket, data) = (dir.path().join("http.sock"), dir.path().join("data"));
    let refused = |told: &str| {
        let output = serve_command(&data, &["--listen", &unix(&socket, "")]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && stderr.contains(told), "{stderr}");
        assert!(stderr.contains("--listen"), "{stderr}");
    };
    let other = UnixListener::bind(&socket).unwrap();
    refused("another server listens there");
    drop(other);
    let mut process = Process::start(&data, &["--listen", &unix(&socket, "")]);
    assert!(ask(UnixStream::connect(&socket).unwrap(), REQUEST).starts_with("HTTP/1.1 200"));
    process.end(Signal::KILL);
    assert!(socket.exists());
    let mut process = Process::start(&data, &["--listen", &unix(&socket, "")]);
    process.end(Signal::TERM);
    fs::write(&socket, "somebody's file").unwrap();
    refused("there is a file that is no socket");
    assert_eq!(fs::read(&socket).unwrap(), b"somebody's file");
}

#[test]
fn one_bad_address_of_several_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["--listen", "127.0.0.1:0", "--listen", "203.0.113.1:80"];
    let output = serve_command(dir.path(), &args).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{stderr}");
    assert!(stderr.contains("can't listen on 203.0.113.1:80, as --listen says"), "{stderr}");
}
