//! What the server does under systemd: sockets that outlive it, and messages about its state.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::announced::Announced;
use crate::binary::serve_command;

const PATIENCE: Duration = Duration::from_secs(60);

/// The server as systemd starts it: the socket has number 3, and two variables say so.
fn activated(data: &Path, socket: &TcpListener) -> Command {
    const SCRIPT: &str = r#"export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" "$@" 3<&0 0</dev/null"#;
    let serve = serve_command(data, &[]);
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT]).arg(serve.get_program()).args(serve.get_args());
    command.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let socket = OwnedFd::from(socket.try_clone().unwrap());
    command.stdin(Stdio::from(socket)).stdout(Stdio::piped());
    command
}

/// One request on a connection of its own, or why it failed.
fn ask(address: SocketAddr) -> Result<(), String> {
    let answer = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    match answer {
        Ok(answer) if answer.starts_with("HTTP/1.1 200") => Ok(()),
        Ok(answer) => Err(answer),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_restart_with_a_socket_of_systemd_drops_no_connection() {
    const RESTARTS: usize = 3;
    let dir = tempfile::tempdir().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (answered, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let client = || {
        while !is_over.load(Ordering::Relaxed) {
            ask(address)?;
            answered.fetch_add(1, Ordering::Relaxed);
        }
        Ok::<_, String>(())
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(client)).collect();
        for _ in 0..RESTARTS {
            let server = Announced::start(activated(dir.path(), &socket), 1);
            assert_eq!(server.addresses, [format!("http://{address}")]);
            let enough = answered.load(Ordering::Relaxed) + 100;
            while answered.load(Ordering::Relaxed) < enough
                && !clients.iter().any(thread::ScopedJoinHandle::is_finished)
            {
                thread::yield_now();
            }
            assert!(server.terminate().success());
        }
        // The last ones wait for a server.
        let _server = Announced::start(activated(dir.path(), &socket), 1);
        is_over.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().unwrap().expect("an answer");
        }
    });
}

#[test]
fn systemd_is_told_when_the_server_is_ready_alive_and_ending() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let messages = UnixDatagram::bind(&path).unwrap();
    messages.set_read_timeout(Some(PATIENCE)).unwrap();
    let next = || {
        let mut message = [0; 256];
        let read = messages.recv(&mut message).unwrap();
        String::from_utf8_lossy(&message[..read]).trim_end().to_owned()
    };
    let mut command = serve_command(&dir.path().join("data"), &[]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "300000");
    let server = Announced::start(command, 1);
    assert_eq!(next(), "READY=1");
    for _ in 0..3 {
        assert_eq!(next(), "WATCHDOG=1");
    }
    assert!(server.terminate().success());
    let ending = std::iter::repeat_with(next).find(|message| message != "WATCHDOG=1");
    assert_eq!(ending.as_deref(), Some("STOPPING=1"));
}

#[test]
fn a_socket_that_is_none_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = serve_command(dir.path(), &[]);
    // Number 3 is not open.
    let output = command.env("LISTEN_FDS", "1").output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && stderr.contains("ListenStream="), "{stderr}");
}
