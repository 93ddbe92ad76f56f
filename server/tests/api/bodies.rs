use hallpass::body::BodyBudget;
use hallpass::serve::Limits;
use hallpass_contract::path;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::app::{PASSWORD, TestApp};
use crate::connections::{SOON, connect};

const JSON: (&str, &str) = ("content-type", "application/json");
const FORMS: [&str; 2] = [path::REGISTER, path::LOGIN];

#[tokio::test]
async fn a_body_that_is_not_declared_json_is_a_415() {
    let app = TestApp::start().await;
    for path in FORMS {
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "json", "text/json"] {
            let response = app.send_body("POST", path, &[("content-type", media_type)], "{}").await;
            assert_eq!(response.status, 415, "{media_type}");
            response.problem();
        }
        assert_eq!(app.send_body("POST", path, &[], "{}").await.status, 415);
    }
}

#[tokio::test]
async fn parameters_and_json_suffixes_are_json() {
    let app = TestApp::start().await;
    for media_type in ["application/json; charset=utf-8", "Application/JSON", "application/x+json"]
    {
        let headers = [("content-type", media_type)];
        let response = app.send_body("POST", path::LOGIN, &headers, "{}").await;
        assert_eq!(response.status, 422, "{media_type}");
    }
}

#[tokio::test]
async fn malformed_json_is_a_400_and_missing_fields_a_422() {
    let app = TestApp::start().await;
    for path in FORMS {
        let response = app.send_body("POST", path, &[JSON], "{\"username\": ").await;
        assert_eq!(response.status, 400);
        response.problem();
        let response = app.send_body("POST", path, &[JSON], "{}").await;
        assert_eq!(response.status, 422);
        assert_eq!(response.wrong_fields(), ["username", "password"]);
    }
}

#[tokio::test]
async fn a_body_over_the_cap_is_a_413_declared_or_chunked() {
    let app = TestApp::start().await;
    let fits = format!("{{\"padding\": \"{}\"}}", "x".repeat(16_384 - 15));
    assert_eq!(fits.len(), 16_384);
    let chunked = |body: String| {
        let chunks =
            body.into_bytes().chunks(1000).map(|c| Ok::<_, String>(c.to_vec())).collect::<Vec<_>>();
        reqwest::Body::wrap_stream(futures_util::stream::iter(chunks))
    };
    for path in FORMS {
        assert_eq!(app.send_body("POST", path, &[JSON], fits.clone()).await.status, 422);
        assert_eq!(app.send_body("POST", path, &[JSON], chunked(fits.clone())).await.status, 422);
        let over = format!("{fits} ");
        for response in [
            app.send_body("POST", path, &[JSON], over.clone()).await,
            app.send_body("POST", path, &[JSON], chunked(over)).await,
        ] {
            assert_eq!(response.status, 413);
            response.problem();
        }
    }
}

#[tokio::test]
async fn the_longest_password_is_taken_in_the_longest_escaping() {
    let app = TestApp::start().await;
    // Different ones, since a repetition is easily guessed.
    let text: String = (0..1024).map(|n| char::from_u32(0x1_F600 + n * 7 % 64).unwrap()).collect();
    let escape = |unit: u16| format!("\\u{unit:04x}");
    let escaped: String = text.encode_utf16().map(escape).collect();
    assert_eq!(escaped.len(), 12 * 1024);
    let body = format!(r#"{{"username": "ada", "password": "{escaped}"}}"#);
    assert_eq!(app.send_body("POST", path::REGISTER, &[JSON], body.clone()).await.status, 201);
    assert_eq!(app.send_body("POST", path::LOGIN, &[JSON], body).await.status, 200);
    assert_eq!(app.login("ada", &text).await.status, 200);
}

/// A server with memory for some 2.5 bodies, of which an address may have `of_address` bytes.
async fn with_little_memory(of_address: usize) -> TestApp {
    TestApp::with(&["--trusted-proxy", "127.0.0.1"], Limits::default(), |state| {
        let metrics = state.metrics.bodies.clone();
        state.intake.body_budget = BodyBudget::with_limits(40_000, of_address, metrics);
    })
    .await
}

/// A login of which the last byte is missing, from this client of our proxy. It is read by then.
async fn half_sent(app: &TestApp, client: &str) -> TcpStream {
    let before = app.state.metrics.bodies.bytes();
    let body = "x".repeat(16_383);
    let head = format!(
        "POST /api/login HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\n\
         Content-Type: application/json\r\nContent-Length: 16384\r\n\r\n{body}"
    );
    let stream = connect(app, &head).await;
    let is_read = async {
        while app.state.metrics.bodies.bytes() < before + 16_384 {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, is_read).await.expect("it was read");
    stream
}

#[tokio::test]
async fn bodies_over_the_memory_for_them_are_refused_until_others_are_gone() {
    let app = with_little_memory(40_000).await;
    app.register("ada", PASSWORD).await;
    let half_sent = [half_sent(&app, "192.0.2.1").await, half_sent(&app, "192.0.2.2").await];
    let large = format!("{{\"padding\": \"{}\"}}", "x".repeat(12_000));
    let refused = app.send_body("POST", path::LOGIN, &[JSON], large.clone()).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "1"));
    assert!(refused.problem().detail.contains("try again soon"));
    assert_eq!(app.state.metrics.bodies.refused.get(), 1);
    assert_eq!(app.login("ada", PASSWORD).await.status, 200, "a small one still fits");
    drop(half_sent);
    let served = async {
        while app.send_body("POST", path::LOGIN, &[JSON], large.clone()).await.status != 422 {}
    };
    timeout(SOON, served).await.expect("the memory is there again");
    assert_eq!(app.state.metrics.bodies.bytes(), 0);
}

#[tokio::test]
async fn no_address_can_take_all_the_memory_for_bodies() {
    let app = with_little_memory(20_000).await;
    let _held = half_sent(&app, "192.0.2.1").await;
    let large = format!("{{\"padding\": \"{}\"}}", "x".repeat(12_000));
    for (client, status) in [("192.0.2.1", 503), ("192.0.2.2", 422)] {
        let headers = [JSON, ("x-forwarded-for", client)];
        let response = app.send_body("POST", path::LOGIN, &headers, large.clone()).await;
        assert_eq!(response.status, status, "{client}");
    }
}

#[tokio::test]
async fn half_sent_bodies_are_given_up_in_time_and_leave_their_memory() {
    let app = TestApp::with(&["--trusted-proxy", "127.0.0.1"], Limits::default(), |state| {
        state.intake.body_timeout = std::time::Duration::from_secs(1);
    })
    .await;
    let mut half_sent = half_sent(&app, "192.0.2.1").await;
    let mut status = [0; 12];
    timeout(SOON, half_sent.read_exact(&mut status)).await.unwrap().unwrap();
    assert_eq!(&status, b"HTTP/1.1 408");
    assert_eq!(app.state.metrics.bodies.bytes(), 0);
}
