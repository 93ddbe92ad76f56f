//! Connections while more are open than may keep their buffers between two requests.

use hallpass::serve::Limits;
use hallpass_contract::path;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::app::TestApp;
use crate::connections::{SOON, connect, read_to_close};

/// More than keep their buffers.
const CROWD: usize = 600;

/// A login that is refused before any password is hashed.
const BODY: &str = "{}";

async fn crowd(app: &TestApp) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        crowd.push(connect(app, "").await);
    }
    crowd
}

fn get() -> String {
    format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", path::HEALTHZ)
}

fn login() -> String {
    let (path, length) = (path::LOGIN, BODY.len());
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{BODY}"
    )
}

/// Sends it, and reads the answers: their statuses.
async fn ask(stream: &mut TcpStream, requests: &str, answers: usize) -> Vec<String> {
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut statuses = Vec::new();
    for _ in 0..answers {
        statuses.push(timeout(SOON, answer(stream)).await.expect("an answer"));
    }
    statuses
}

/// The status of the next answer, all of which is read.
async fn answer(stream: &mut TcpStream) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap().into());
    }
    let length = head.to_lowercase().split_once("content-length: ").unwrap().1.to_owned();
    let length = length.split_once("\r\n").unwrap().0.parse().unwrap();
    stream.read_exact(&mut vec![0; length]).await.unwrap();
    head.split(' ').nth(1).unwrap().to_owned()
}

async fn app() -> TestApp {
    let limits =
        Limits { max_connections_per_address: 2 * CROWD, drain: 60 * SOON, ..Limits::default() };
    TestApp::with_limits(limits).await
}

#[tokio::test]
async fn each_of_many_connections_is_answered_for_as_long_as_it_is_open() {
    let app = app().await;
    let mut crowd = crowd(&app).await;
    for _ in 0..2 {
        for stream in &mut crowd {
            assert_eq!(ask(stream, &get(), 1).await, ["200"]);
        }
    }
    for stream in crowd.iter_mut().rev().take(100) {
        // In one piece, in two, several at once, and with bodies between them.
        let (get, login) = (get(), login());
        stream.write_all(&get.as_bytes()[..9]).await.unwrap();
        assert_eq!(ask(stream, &get[9..], 1).await, ["200"]);
        assert_eq!(ask(stream, &get.repeat(40), 40).await, ["200"; 40]);
        let mixed = format!("{get}{login}{get}{get}");
        assert_eq!(ask(stream, &mixed, 4).await, ["200", "422", "200", "200"]);
    }
}

#[tokio::test]
async fn a_shutdown_waits_for_none_of_many_idle_connections() {
    let app = app().await;
    let mut crowd = crowd(&app).await;
    for stream in &mut crowd {
        assert_eq!(ask(stream, &get(), 1).await, ["200"]);
    }
    // The head of a later request has come by half.
    for stream in crowd.iter_mut().rev().take(10) {
        stream.write_all(b"GET /healthz HT").await.unwrap();
    }
    // The server has read it by the time it answers another one.
    let first = crowd.first_mut().unwrap();
    assert_eq!(ask(first, &get(), 1).await, ["200"]);

    let server = app.shut_down();
    for stream in crowd {
        assert_eq!(read_to_close(stream).await, "");
    }
    timeout(SOON, server).await.expect("nothing is left to wait for").unwrap();
}
