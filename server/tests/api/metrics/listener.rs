//! The listener of the real process: off by default, and what it says of itself.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use hallpass_contract::LISTENING_ON;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::SOON;
use crate::app::PASSWORD;
use crate::binary::{Process, client, serve_command as command};
use crate::exposition::Exposition;

/// A process that serves metrics, and where.
fn start(command: Command) -> (Process, String) {
    let process = Process::of(command);
    let url = process.logged("metrics on ", SOON);
    (process, url)
}

async fn scrape(url: &str) -> Exposition {
    let response = client().get(url).send().await.unwrap();
    Exposition::parse(&response.text().await.unwrap())
}

/// The TCP sockets of a process that others can connect to.
#[cfg(target_os = "linux")]
fn listeners(pid: u32) -> usize {
    use procfs::net::TcpState;
    use procfs::process::FDTarget;

    let process = procfs::process::Process::new(pid.try_into().unwrap()).unwrap();
    let files = process.fd().unwrap().map(|file| file.unwrap().target);
    let sockets: Vec<_> = files
        .filter_map(|target| if let FDTarget::Socket(inode) = target { Some(inode) } else { None })
        .collect();
    let listen = |entry: &procfs::net::TcpNetEntry| {
        entry.state == TcpState::Listen && sockets.contains(&entry.inode)
    };
    procfs::net::tcp().unwrap().iter().filter(|entry| listen(entry)).count()
}

#[cfg(target_os = "linux")]
#[test]
fn it_is_off_by_default() {
    let dir = tempfile::tempdir().unwrap();
    let mut without = Process::start(dir.path(), &[]);
    assert_eq!(listeners(without.id()), 1);
    let (_, log) = without.end(Signal::TERM);
    assert!(!log.contains("metrics"), "{log}");
    let (with, _) = start(command(dir.path(), &["--metrics-listen", "127.0.0.1:0"]));
    assert_eq!(listeners(with.id()), 2);
}

#[tokio::test]
async fn a_free_port_is_told_in_the_log_and_stdout_stays_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = command(dir.path(), &["--log-format", "text"]);
    command.env("HALLPASS_METRICS_LISTEN", "127.0.0.1:0");
    let (mut process, url) = start(command);
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/metrics"), "{url}");
    assert!(!url.contains(":0/") && !url.starts_with(&process.url), "{url}, {}", process.url);
    process.post("/api/register", "ada", PASSWORD).await;
    process.post("/api/login", "ada", PASSWORD).await;
    let api = client().get(format!("{}/metrics", process.url)).send().await.unwrap();
    assert_eq!(api.status(), 404, "the API does not tell");
    assert_eq!(scrape(&url).await.value("hallpass_users"), 1.0);
    let (status, log) = process.end(Signal::TERM);
    assert!(status.success() && !log.contains("WARN the metrics"), "{log}");
    assert!(client().get(&url).send().await.is_err(), "it stops with the server");
}

#[tokio::test]
async fn users_sessions_and_revocations_are_right_from_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["--metrics-listen", "127.0.0.1:0"];
    let (mut first, _) = start(command(dir.path(), &args));
    first.post("/api/register", "ada", PASSWORD).await;
    for _ in 0..2 {
        first.post("/api/login", "ada", PASSWORD).await;
    }
    let login = first.post("/api/login", "ada", PASSWORD).await;
    let login: hallpass_contract::Login = login.json().await.unwrap();
    let logout = client().post(format!("{}/api/logout", first.url));
    let logout = logout.bearer_auth(login.access_token.expose()).send().await.unwrap();
    assert_eq!(logout.status(), 204);
    first.end(Signal::KILL);
    let (_second, url) = start(command(dir.path(), &args));
    let scraped = scrape(&url).await;
    let value = |series| scraped.value(series);
    assert_eq!(value("hallpass_users"), 1.0);
    assert_eq!(value("hallpass_sessions"), 2.0);
    assert_eq!(value("hallpass_revoked_sessions"), 1.0);
}

#[tokio::test]
async fn idle_connections_to_the_metrics_keep_no_scraper_out() {
    let dir = tempfile::tempdir().unwrap();
    let (_process, url) = start(command(dir.path(), &["--metrics-listen", "127.0.0.1:0"]));
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap();
    let mut idle = Vec::new();
    for n in 0..40 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Some are silent, some send half a head, and some were answered.
        let sent = ["", "GET /metrics HT", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"][n % 3];
        stream.write_all(sent.as_bytes()).await.unwrap();
        idle.push(stream);
    }
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(scrape(&url).await.value("hallpass_build_info{version=\"0.1.0\"}"), 1.0);
    }
    let is_quick = began.elapsed() < Duration::from_secs(5);
    assert!(is_quick, "they waited until idle connections were closed anyway");
    // Those are closed, too: none is left open for the 30 s that the API allows.
    for mut stream in idle {
        let _ = timeout(SOON, stream.read_to_end(&mut Vec::new())).await.expect("it is closed");
    }
}

#[tokio::test]
async fn by_default_an_address_may_have_a_quarter_of_all_connections() {
    for (args, limit) in [
        (vec!["--max-connections", "400"], 100.0),
        (vec!["--max-connections", "2"], 1.0),
        (vec!["--max-connections", "400", "--max-connections-per-address", "350"], 350.0),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let args = [&["--metrics-listen", "127.0.0.1:0"], args.as_slice()].concat();
        let (process, url) = start(command(dir.path(), &args));
        // Once it is answered, the limits are known; the metrics' listener is up before.
        client().get(format!("{}/healthz", process.url)).send().await.unwrap();
        let limit_there = scrape(&url).await.value("hallpass_connections_per_address_limit");
        assert_eq!(limit_there, limit, "{args:?}");
    }
}

#[test]
fn an_address_for_everyone_gets_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let (mut process, _) = start(command(dir.path(), &["--metrics-listen", "0.0.0.0:0"]));
    let (_, log) = process.end(Signal::TERM);
    let warned = |line: &str| line.contains("WARN") && line.contains("the metrics on 0.0.0.0:");
    assert!(log.lines().any(warned), "{log}");
}

#[test]
fn an_address_that_can_not_be_had_is_said_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let holder = Process::start(dir.path(), &[]);
    let taken = holder.url.strip_prefix("http://").unwrap();
    for address in ["203.0.113.1:80", taken] {
        refuses(address);
    }
}

fn refuses(address: &str) {
    let fresh = tempfile::tempdir().unwrap();
    let path: &Path = fresh.path();
    let args = ["--metrics-listen", address, "--log-level=off"];
    let output = command(path, &args).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    let told =
        format!("hallpass: can't listen on {address} for metrics, as --metrics-listen says: ");
    assert!(stderr.starts_with(&told), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(!stdout.contains(LISTENING_ON), "{stdout}");
}
