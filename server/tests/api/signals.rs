//! What the real process does at which signal.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hallpass_contract::path;
use rustix::process::Signal;

use crate::binary::{Process, client};

const ROUNDS: usize = 40;
const AT_ONCE: usize = 4;
const CLIENTS: usize = 8;

/// Longer than anything takes here, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

async fn status(process: &Process, path: &str) -> Option<u16> {
    let response = client().get(format!("{}{path}", process.url)).send().await;
    response.ok().map(|response| response.status().as_u16())
}

/// Asks until the answer is no; before long it is.
async fn until_not_ready(process: &Process) {
    let deadline = Instant::now() + PATIENCE;
    while status(process, path::READYZ).await != Some(503) {
        assert!(Instant::now() < deadline, "it still says that it is ready");
    }
}

#[tokio::test]
async fn during_the_shutdown_delay_all_is_served_but_readyz_and_a_second_signal_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &["--shutdown-delay", "10m"]);
    assert_eq!(status(&process, path::READYZ).await, Some(200));
    process.signal(Signal::TERM);
    until_not_ready(&process).await;
    // On new connections.
    assert_eq!(status(&process, path::HEALTHZ).await, Some(200));
    assert_eq!(process.post(path::REGISTER, "ada", "too short").await.status(), 422);
    let (status, _) = process.end(Signal::TERM);
    assert_eq!(status.code(), Some(1));
}

#[tokio::test]
async fn sigterm_ends_it_after_the_delay_and_sigint_at_once() {
    for (signal, delay) in [(Signal::TERM, "300ms"), (Signal::INT, "10m")] {
        let dir = tempfile::tempdir().unwrap();
        let mut process = Process::start(dir.path(), &["--shutdown-delay", delay]);
        let began = Instant::now();
        let (status, log) = process.end(signal);
        assert!(status.success(), "{status}: {log}");
        assert!(signal == Signal::INT || began.elapsed() >= Duration::from_millis(300));
    }
}

#[tokio::test]
async fn sighup_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::start(dir.path(), &[]);
    process.signal(Signal::HUP);
    assert_eq!(status(&process, path::READYZ).await, Some(200));
    process.signal(Signal::HUP);
    assert_eq!(status(&process, path::READYZ).await, Some(200));
    let (status, log) = process.end(Signal::TERM);
    assert!(status.success() && log.contains("SIGHUP"), "{status}: {log}");
}

/// How a client's loop ended.
enum End {
    /// The server said that this connection is over, or did not accept one.
    Told,
    /// A request that had been sent by this moment got no answer.
    Lost(Instant, String),
}

/// Sends one request after the other, each when the one before it is answered.
fn closed_loop(address: SocketAddr, keeps: bool, answered: &AtomicUsize) -> End {
    let connect = || {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE)).map(|()| stream)
    };
    let Ok(mut stream) = connect() else { return End::Told };
    loop {
        if stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").is_err() {
            // Nobody has it.
            return End::Told;
        }
        let sent = Instant::now();
        let mut answer = [0; 4096];
        let text = match stream.read(&mut answer) {
            Ok(0) => return End::Lost(sent, "closed".to_owned()),
            Ok(read) => String::from_utf8_lossy(&answer[..read]).into_owned(),
            Err(error) => return End::Lost(sent, error.to_string()),
        };
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        answered.fetch_add(1, Ordering::Relaxed);
        if keeps && text.contains("\r\nconnection: close\r\n") {
            return End::Told;
        }
        if !keeps {
            let Ok(next) = connect() else { return End::Told };
            stream = next;
        }
    }
}

fn start_clients(address: SocketAddr, answered: &Arc<AtomicUsize>) -> Vec<JoinHandle<End>> {
    let start = |n: usize| {
        let answered = Arc::clone(answered);
        // Every fourth one takes a connection for each request, which may wait to be accepted.
        std::thread::spawn(move || closed_loop(address, !n.is_multiple_of(4), &answered))
    };
    (0..CLIENTS).map(start).collect()
}

#[test]
fn no_request_that_was_sent_before_sigterm_is_lost() {
    let at_once =
        |first| std::thread::spawn(move || (first..ROUNDS).step_by(AT_ONCE).for_each(round));
    let rounds: Vec<_> = (0..AT_ONCE).map(at_once).collect();
    rounds.into_iter().for_each(|rounds| rounds.join().unwrap());
}

fn round(round: usize) {
    let dir = tempfile::tempdir().unwrap();
    let mut process =
        Process::start(dir.path(), &["--log-level", "warn", "--drain-timeout", "10m"]);
    let address = process.url.strip_prefix("http://").unwrap().parse().unwrap();
    // It holds nobody up.
    let mut half_a_head = TcpStream::connect(address).unwrap();
    half_a_head.write_all(b"GET /healthz HTTP/1.1\r\nHo").unwrap();
    let answered = Arc::default();
    let clients = start_clients(address, &answered);
    while answered.load(Ordering::Relaxed) < 20 * CLIENTS + round {
        std::thread::yield_now();
    }
    let signalled = Instant::now();
    process.signal(Signal::TERM);
    for client in clients {
        if let End::Lost(sent, how) = client.join().unwrap() {
            let after = sent.saturating_duration_since(signalled);
            assert!(!after.is_zero(), "round {round}: a request was lost: {how}");
        }
    }
    let (status, log) = process.wait();
    assert!(status.success(), "{status}: {log}");
    assert!(signalled.elapsed() < PATIENCE, "half a head held up the exit");
}
