//! How connections end when the server does.

use std::time::Duration;

use hallpass::serve::Limits;
use hallpass::shutdown::Stage;
use hallpass_contract::path;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::app::TestApp;
use crate::connections::{SOON, connect, read_to_close};

const LONG: Duration = Duration::from_secs(600);

const REQUEST: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

const BODY: &str = r#"{"username": "nobody", "password": "x"}"#;

/// A login whose body the server waits for.
async fn half_sent_login(app: &TestApp) -> TcpStream {
    let head = format!(
        "POST /api/login HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        BODY.len()
    );
    let mut stream = connect(app, &head).await;
    read_start(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
    stream
}

/// A connection that has had an answer, and is kept.
async fn kept(app: &TestApp) -> TcpStream {
    let mut stream = connect(app, REQUEST).await;
    read_start(&mut stream, "HTTP/1.1 200").await;
    let mut rest = [0; 4096];
    let read = stream.read(&mut rest).await.unwrap();
    assert!(String::from_utf8_lossy(&rest[..read]).ends_with('}'), "the answer came in pieces");
    stream
}

async fn read_start(stream: &mut TcpStream, start: &str) {
    let mut read = vec![0; start.len()];
    timeout(SOON, stream.read_exact(&mut read)).await.unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&read), start);
}

#[tokio::test]
async fn readyz_says_no_from_the_signal_on_and_all_else_is_served() {
    let app = TestApp::start().await;
    assert_eq!(app.send("GET", path::READYZ, &[]).await.status, 200);
    app.state.shutdown.enter(Stage::Announced);
    let not_ready = app.send("GET", path::READYZ, &[]).await;
    assert_eq!(not_ready.status, 503);
    assert!(not_ready.problem().detail.contains("shutting down"));
    for response in [app.send("GET", path::HEALTHZ, &[]).await, app.register("ada", "x").await] {
        assert!(matches!(response.status.as_u16(), 200 | 422), "{}", response.status);
        assert_eq!(response.header("connection"), "");
    }
}

#[tokio::test]
async fn a_request_under_way_at_the_shutdown_is_its_connections_last() {
    let limits = Limits { last_call: LONG, drain: LONG, ..Limits::default() };
    let app = TestApp::with_limits(limits).await;
    let (address, mut kept, mut open) =
        (app.address, kept(&app).await, half_sent_login(&app).await);
    let mut fresh = connect(&app, "").await;
    let server = app.shut_down();
    // It takes no more connections, which is how one sees that the last call has begun.
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    timeout(SOON, refused).await.expect("new connections are refused");

    open.write_all(BODY.as_bytes()).await.unwrap();
    kept.write_all(REQUEST.as_bytes()).await.unwrap();
    fresh.write_all(REQUEST.as_bytes()).await.unwrap();
    for (stream, status) in [(open, "401"), (kept, "200"), (fresh, "200")] {
        let answer = read_to_close(stream).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
    timeout(SOON, server).await.expect("nothing is left to wait for").unwrap();
}

#[tokio::test]
async fn a_shutdown_waits_for_no_request_that_is_not_there_as_a_whole() {
    let limits = Limits { drain: LONG, ..Limits::default() };
    let app = TestApp::with_limits(limits).await;
    let (silent, idle) = (connect(&app, "").await, kept(&app).await);
    let half_a_head = connect(&app, "GET /healthz HTTP/1.1\r\nHos").await;
    let mut half_a_later_head = kept(&app).await;
    half_a_later_head.write_all(b"GET /healthz HT").await.unwrap();
    let half_a_body = half_sent_login(&app).await;

    let server = app.shut_down();
    for stream in [silent, idle, half_a_head, half_a_later_head] {
        assert_eq!(read_to_close(stream).await, "");
    }
    let answer = read_to_close(half_a_body).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("\r\nretry-after: 1\r\n"), "{answer}");
    timeout(SOON, server).await.expect("it has ended").unwrap();
}

#[tokio::test]
async fn a_shutdown_does_not_wait_past_its_deadline() {
    let drain = Duration::from_millis(200);
    let app = TestApp::with_limits(Limits { last_call: LONG, drain, ..Limits::default() }).await;
    let _stuck = half_sent_login(&app).await;
    timeout(SOON, app.shut_down()).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_waits_to_be_accepted_at_the_shutdown_is_answered() {
    let limits = Limits { max_connections: 1, drain: LONG, ..Limits::default() };
    let app = TestApp::with_limits(limits).await;
    let _only = kept(&app).await;
    let mut waiting = Vec::new();
    for _ in 0..100 {
        waiting.push(connect(&app, REQUEST).await);
    }
    let server = app.shut_down();
    for stream in waiting {
        let answer = read_to_close(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    timeout(SOON, server).await.unwrap().unwrap();
}
