//! HTTP/2, which clients choose in the handshake.

use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::SendRequest;
use hallpass::serve::Limits;
use hallpass_contract::path;
use http::{HeaderMap, Request, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Encrypted;
use crate::app::PASSWORD;
use crate::connections::SOON;

/// A client's end of a connection, and how it ended.
struct Client {
    requests: SendRequest<Bytes>,
    ended: JoinHandle<Result<(), h2::Error>>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    async fn connect(server: &Encrypted) -> Self {
        let stream = server.connect(&["h2", "http/1.1"]).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (requests, connection) = h2::client::handshake(stream).await.unwrap();
        Self { requests, ended: tokio::spawn(connection) }
    }

    async fn send(&mut self, request: Request<()>, body: &str) -> Answer {
        let mut requests = self.requests.clone().ready().await.unwrap();
        let (answer, mut stream) = requests.send_request(request, body.is_empty()).unwrap();
        if !body.is_empty() {
            stream.send_data(Bytes::copy_from_slice(body.as_bytes()), true).unwrap();
        }
        received(answer.await.unwrap()).await
    }

    async fn end(self) -> Result<(), h2::Error> {
        timeout(SOON, self.ended).await.expect("the connection has ended").unwrap()
    }
}

async fn received(answer: http::Response<RecvStream>) -> Answer {
    let (parts, mut stream) = answer.into_parts();
    let mut body = Vec::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk.unwrap();
        stream.flow_control().release_capacity(chunk.len()).unwrap();
        body.extend(chunk);
    }
    Answer { status: parts.status, headers: parts.headers, body }
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<()> {
    let builder = Request::builder().method(method).uri(format!("https://login.test:8443{path}"));
    headers.iter().fold(builder, |it, (name, value)| it.header(*name, *value)).body(()).unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_session_by_http_2() {
    let server = Encrypted::start(Limits::default()).await;
    let mut client = Client::connect(&server).await;
    // Without a Content-Length, which HTTP/2 does not need.
    let body = format!(r#"{{"username": "ada", "password": "{PASSWORD}"}}"#);
    let registered = client.send(request("POST", path::REGISTER, &[JSON]), &body).await;
    assert_eq!(registered.status, 201);
    let login = client.send(request("POST", path::LOGIN, &[JSON]), &body).await;
    let cookie = login.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    // Browsers send each cookie as a field of its own (RFC 9113 section 8.2.3).
    for (origin, status) in [("http://login.test:8443", 403), ("https://login.test:8443", 200)] {
        let headers = [("cookie", "theme=dark"), ("cookie", cookie), ("origin", origin)];
        let answer = client.send(request("POST", path::REFRESH, &headers), "").await;
        let text = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, status, "{origin}: {text}");
    }
    let none = client.send(request("POST", path::LOGIN, &[JSON]), "").await;
    assert_eq!(none.status, 411);
    let page = client.send(request("GET", "/", &[]), "").await;
    assert_eq!((page.status, &page.body[..]), (StatusCode::OK, &b"<!doctype html>"[..]));
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_order() {
    let limits = Limits { headers: Duration::from_millis(200), ..Limits::default() };
    let server = Encrypted::start(limits).await;
    let mut client = Client::connect(&server).await;
    assert_eq!(client.send(request("GET", path::HEALTHZ, &[]), "").await.status, 200);
    client.end().await.expect("the server says goodbye");
}

#[tokio::test]
async fn a_client_that_only_opens_the_connection_is_cut() {
    let limits = Limits { headers: Duration::from_millis(200), ..Limits::default() };
    let server = Encrypted::start(limits).await;
    let mut stream = server.connect(&["h2"]).await;
    let mut sink = Vec::new();
    let read = stream.read_to_end(&mut sink);
    let _ = timeout(SOON, read).await.expect("the connection has ended");
}

#[tokio::test]
async fn a_shutdown_answers_what_has_begun() {
    let limits = Limits { last_call: 60 * SOON, drain: 60 * SOON, ..Limits::default() };
    let server = Encrypted::start(limits).await;
    let (mut busy, mut idle) = (Client::connect(&server).await, Client::connect(&server).await);
    assert_eq!(idle.send(request("GET", path::HEALTHZ, &[]), "").await.status, 200);
    let body = r#"{"username": "nobody", "password": "x"}"#;
    let mut requests = busy.requests.clone().ready().await.unwrap();
    let login = request("POST", path::LOGIN, &[JSON, ("expect", "100-continue")]);
    let (answer, mut stream) = requests.send_request(login, false).unwrap();
    // The server has it: it has answered a later request.
    assert_eq!(busy.send(request("GET", path::HEALTHZ, &[]), "").await.status, 200);
    let address = server.app.address;
    let stopped = server.app.shut_down();
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    timeout(SOON, refused).await.expect("new connections are refused");
    idle.end().await.expect("the idle connection ends in order");
    stream.send_data(Bytes::from_static(body.as_bytes()), true).unwrap();
    let answer = received(timeout(SOON, answer).await.unwrap().unwrap()).await;
    assert_eq!(answer.status, 401);
    assert!(!answer.headers.contains_key("connection"));
    busy.end().await.expect("so does the other one");
    timeout(SOON, stopped).await.expect("nothing is left to wait for").unwrap();
}

/// A frame (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[tokio::test]
async fn a_client_that_cancels_requests_without_end_is_cut() {
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const GOAWAY: u8 = 7;
    let server = Encrypted::start(Limits::default()).await;
    let stream = server.connect(&["h2"]).await;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut flood =
        [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(SETTINGS, 0, 0, b"")].concat();
    for number in 0..200 {
        // GET https:/ in the words of HPACK's static table, with the end of its headers.
        flood.extend(frame(HEADERS, 0x4, 2 * number + 1, &[0x82, 0x87, 0x84]));
        flood.extend(frame(RST_STREAM, 0, 2 * number + 1, &8_u32.to_be_bytes()));
    }
    writer.write_all(&flood).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(SOON, reader.read_to_end(&mut answer)).await.expect("it is cut");
    let enhance_your_calm = 11_u32.to_be_bytes();
    let is_goodbye = |at: &[u8]| at[3] == GOAWAY && at[13..17] == enhance_your_calm;
    assert!(answer.windows(17).any(is_goodbye), "{answer:?}");
}
