//! A server that speaks https itself.

use std::time::Duration;

use hallpass::serve::Limits;
use hallpass_contract::path;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::app::{PASSWORD, TestApp};
use crate::certificates::Authority;
use crate::connections::{SOON, connect, read_to_close};

mod acme;
mod http2;
mod renewal;

const REQUEST: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// A server with a certificate.
pub(crate) struct Encrypted {
    pub app: TestApp,
    pub authority: Authority,
    _dir: TempDir,
}

impl Encrypted {
    pub(crate) async fn start(limits: Limits) -> Self {
        let (authority, dir) = (Authority::new(), TempDir::new().unwrap());
        let issued = authority.issue(dir.path());
        let app = TestApp::with(&issued.args(), limits, |_| {}).await;
        Self { app, authority, _dir: dir }
    }

    pub(crate) async fn connect(&self, protocols: &[&str]) -> TlsStream<TcpStream> {
        self.authority.connect(self.app.address, protocols).await
    }

    /// Sends a request by HTTP/1.1 on a connection of its own. Returns all that comes back.
    async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect(&["http/1.1"]).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        // The stream ends in order, with a message of TLS.
        timeout(SOON, stream.read_to_string(&mut text)).await.unwrap().unwrap();
        text
    }
}

#[tokio::test]
async fn http_1_1_is_served_to_whom_asks_for_it_and_to_whom_asks_for_nothing() {
    let server = Encrypted::start(Limits::default()).await;
    assert!(server.ask(REQUEST).await.starts_with("HTTP/1.1 200"));
    let mut stream = server.connect(&[]).await;
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
}

#[tokio::test]
async fn plain_http_on_a_port_of_tls_is_closed_at_once_and_counted() {
    let server = Encrypted::start(Limits::default()).await;
    let answer = read_to_close(connect(&server.app, REQUEST).await).await;
    assert!(!answer.contains("HTTP"), "{answer}");
    let metrics = server.app.state.metrics.text().unwrap();
    let counted = "hallpass_connections_failed_total{reason=\"handshake\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_cut_and_takes_a_place_until_then() {
    let handshake = Duration::from_millis(300);
    let limits = Limits { handshake, max_connections: 1, ..Limits::default() };
    let server = Encrypted::start(limits).await;
    let silent = connect(&server.app, "").await;
    let half_a_hello = connect(&server.app, "\x16\x03\x01").await;
    // It is served after both were cut, one after the other.
    let began = std::time::Instant::now();
    assert!(server.ask(REQUEST).await.starts_with("HTTP/1.1 200"));
    assert!(began.elapsed() >= handshake);
    for stream in [silent, half_a_hello] {
        assert!(!read_to_close(stream).await.contains("HTTP"));
    }
}

#[tokio::test]
async fn an_address_with_all_its_connections_is_cut_without_a_handshake() {
    let limits = Limits { max_connections_per_address: 1, ..Limits::default() };
    let server = Encrypted::start(limits).await;
    let _only = server.connect(&["http/1.1"]).await;
    assert_eq!(read_to_close(connect(&server.app, "").await).await, "");
}

#[tokio::test]
async fn the_servers_own_origin_is_https() {
    let server = Encrypted::start(Limits::default()).await;
    let body = format!(r#"{{"username": "ada", "password": "{PASSWORD}"}}"#);
    let post = |path: &str, more: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: login.test:8443\r\nConnection: close\r\n\
             Content-Type: application/json\r\n{more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let registered = server.ask(&post(path::REGISTER, "", &body)).await;
    assert!(registered.starts_with("HTTP/1.1 201"), "{registered}");
    let login = server.ask(&post(path::LOGIN, "", &body)).await;
    let (_, cookie) = login.split_once("set-cookie: ").unwrap();
    let (cookie, _) = cookie.split_once(';').unwrap();
    for (origin, status) in [("http://login.test:8443", "403"), ("https://login.test:8443", "200")]
    {
        let headers = format!("Origin: {origin}\r\nCookie: {cookie}\r\n");
        let answer = server.ask(&post(path::REFRESH, &headers, "")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{origin}: {answer}");
    }
}

#[tokio::test]
async fn a_shutdown_waits_for_no_handshake() {
    let server = Encrypted::start(Limits { drain: 60 * SOON, ..Limits::default() }).await;
    let silent = connect(&server.app, "").await;
    let idle = server.connect(&["h2"]).await;
    timeout(SOON, server.app.shut_down()).await.expect("it has ended").unwrap();
    assert_eq!(read_to_close(silent).await, "");
    drop(idle);
}
