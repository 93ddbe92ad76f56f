use std::time::{Duration, Instant};

use hallpass::serve::{Limits, bind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::app::TestApp;

/// Longer than any limit these tests set, shorter than any default.
pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) async fn connect(app: &TestApp, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// What the server sends until it closes the connection.
pub(crate) async fn read_to_close(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let read = timeout(SOON, stream.read_to_string(&mut text)).await;
    read.expect("the connection was still open").ok();
    text
}

#[tokio::test]
async fn a_crowd_that_comes_at_once_finds_room_to_wait() {
    let listener = bind("localhost:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut crowd = Vec::new();
    // Nobody accepts them; the usual backlog is 128.
    for n in 0..500 {
        let connection = timeout(SOON, TcpStream::connect(address)).await;
        crowd.push(connection.unwrap_or_else(|_| panic!("there was no room for {n}")).unwrap());
    }
}

#[tokio::test]
async fn an_address_that_nobody_can_listen_on_is_an_error() {
    let taken = bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for address in [address.as_str(), "no.such.host.invalid:80", "127.0.0.1"] {
        assert!(bind(address).await.is_err(), "{address}");
    }
}

#[tokio::test]
async fn silent_half_sent_and_idle_connections_are_closed() {
    let limits = Limits { headers: Duration::from_millis(200), ..Limits::default() };
    let app = TestApp::with_limits(limits).await;
    let silent = connect(&app, "").await;
    let half_sent = connect(&app, "GET /healthz HTTP/1.1\r\nHos").await;
    let idle = connect(&app, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    // So is one whose first requests came in time.
    let requests = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(3);
    let half_sent_later = connect(&app, &format!("{requests}GET /healthz HT")).await;
    assert!(!read_to_close(silent).await.contains("200 OK"));
    assert!(!read_to_close(half_sent).await.contains("200 OK"));
    assert!(read_to_close(idle).await.contains("200 OK"));
    assert_eq!(read_to_close(half_sent_later).await.matches("200 OK").count(), 3);
}

#[tokio::test]
async fn a_connection_lives_for_as_long_as_each_request_comes_in_time() {
    let limits = Limits { headers: Duration::from_millis(600), ..Limits::default() };
    let app = TestApp::with_limits(limits).await;
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut kept = connect(&app, request).await;
    let started = Instant::now();
    let mut answered = 1;
    while started.elapsed() < 2 * limits.headers {
        let mut answer = [0; 1024];
        let read = kept.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200"), "after {answered} answers");
        kept.write_all(request.as_bytes()).await.unwrap();
        answered += 1;
    }
    assert!(answered > 2);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_a_408() {
    let app = TestApp::with(&[], Limits::default(), |state| {
        state.intake.body_timeout = Duration::from_millis(200);
    })
    .await;
    let head = "POST /api/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    let text = read_to_close(connect(&app, head).await).await;
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
    assert!(text.contains("application/problem+json"), "{text}");
}

#[tokio::test]
async fn a_post_without_a_length_is_a_411() {
    let app = TestApp::start().await;
    let head = "POST /api/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                Content-Type: application/json\r\n\r\n";
    let text = read_to_close(connect(&app, head).await).await;
    assert!(text.starts_with("HTTP/1.1 411"), "{text}");
}

#[tokio::test]
async fn connections_over_the_cap_wait_for_a_place() {
    let limits = Limits { max_connections: 1, ..Limits::default() };
    let app = TestApp::with_limits(limits).await;
    let mut first = connect(&app, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");

    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let second = read_to_close(connect(&app, request).await);
    tokio::pin!(second);
    let early = timeout(Duration::from_millis(200), &mut second).await;
    assert!(early.is_err(), "the second one was answered beside the first");
    drop(first);
    assert!(second.await.contains("200 OK"));
}

const REQUEST: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

/// The status that a request gets on a connection of its own, from another loopback address.
async fn status_from(app: &TestApp, address: [u8; 4]) -> (TcpStream, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((address, 0).into()).unwrap();
    let mut stream = socket.connect(app.address).await.unwrap();
    stream.write_all(REQUEST.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    timeout(SOON, stream.read_exact(&mut status)).await.unwrap().unwrap();
    (stream, String::from_utf8_lossy(&status[9..]).into_owned())
}

#[tokio::test]
async fn an_address_with_all_its_connections_is_refused_and_others_are_served() {
    let limits = Limits { max_connections_per_address: 3, ..Limits::default() };
    let app = TestApp::with_limits(limits).await;
    let mut kept = Vec::new();
    for _ in 0..3 {
        let (stream, status) = status_from(&app, [127, 0, 0, 1]).await;
        assert_eq!(status, "200");
        kept.push(stream);
    }
    let refused = read_to_close(connect(&app, REQUEST).await).await;
    assert!(refused.starts_with("HTTP/1.1 429 Too Many Requests\r\n"), "{refused}");
    for line in ["connection: close", "retry-after: 1", "content-type: application/problem+json"] {
        assert!(refused.contains(&format!("\r\n{line}\r\n")), "{line}: {refused}");
    }
    assert_eq!(app.send("GET", "/healthz", &[]).await.problem().status, 429, "clients read it");
    assert_eq!(status_from(&app, [127, 0, 0, 2]).await.1, "200");
    kept.pop();
    let served = async { while status_from(&app, [127, 0, 0, 1]).await.1 != "200" {} };
    timeout(SOON, served).await.expect("one of them has ended");
}

#[tokio::test]
async fn those_that_are_refused_in_silence_cost_others_nothing() {
    let limits = Limits { max_connections: 8, max_connections_per_address: 1, ..Limits::default() };
    let app = TestApp::with_limits(limits).await;
    let (_kept, _) = status_from(&app, [127, 0, 0, 1]).await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(connect(&app, "").await);
    }
    // More than there are places; they are closed in a second at most.
    assert_eq!(status_from(&app, [127, 0, 0, 2]).await.1, "200");
    for stream in silent {
        assert_eq!(read_to_close(stream).await, "");
    }
}

#[tokio::test]
async fn a_trusted_proxy_may_have_more_connections() {
    let limits = Limits { max_connections_per_address: 1, ..Limits::default() };
    let app = TestApp::with(&["--trusted-proxy", "127.0.0.1"], limits, |_| {}).await;
    let mut kept = Vec::new();
    for _ in 0..5 {
        let (stream, status) = status_from(&app, [127, 0, 0, 1]).await;
        assert_eq!(status, "200");
        kept.push(stream);
    }
}

#[tokio::test]
async fn what_warp_does_not_look_at_is_refused() {
    let app = TestApp::start().await;
    for (request, status) in [
        ("CONNECT a.b:443 HTTP/1.1\r\nHost: a.b\r\n", "405"),
        ("GET /healthz HTTP/1.1\r\n", "400"),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n", "400"),
        ("GET /healthz HTTP/1.0\r\n", "200"),
    ] {
        let request = format!("{request}Connection: close\r\n\r\n");
        let text = read_to_close(connect(&app, &request).await).await;
        assert!(text.split(' ').nth(1) == Some(status), "{request}{text}");
        assert!(text.contains("x-request-id"), "{text}");
    }
}
