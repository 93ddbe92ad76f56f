//! The reference programs do the work that they are measured for.
#![expect(clippy::unwrap_used, reason = "a test that can't go on should fail")]

use std::path::Path;
use std::process::Command;

use hallpass_bench::clients::Once;
use hallpass_bench::closed_loop::{self, Endpoint, Plan};
use hallpass_bench::hallpass::{SECRET, each};
use hallpass_bench::server::Server;
use hallpass_bench::tls::Certificate;
use hallpass_bench::wire;
use hallpass_contract::{Verified, path};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use uuid::Uuid;

const USER: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
const SESSION: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002);
const FAR: u64 = 4_000_000_000;

fn verified() -> Verified {
    let (username, roles) = ("Ada".to_owned(), vec!["user".to_owned()]);
    Verified { sub: USER.to_string(), username, roles, sid: SESSION.to_string(), exp: FAR }
}

fn claims() -> Value {
    json!({
        "iss": "http://127.0.0.1:8080", "aud": "hallpass", "sub": USER, "sid": SESSION,
        "exp": FAR, "nbf": 1, "iat": 1,
    })
}

fn sign(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

fn start(name: &'static str, program: &str, input: &str) -> Server {
    start_with(name, program, input, &[])
}

fn start_with(name: &'static str, program: &str, input: &str, files: &[&Path]) -> Server {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("input");
    std::fs::write(&file, input).unwrap();
    let mut command = Command::new(program);
    command.arg(&file).args(files).env("HALLPASS_HS256_SECRET", SECRET);
    Server::start(name, command, None, dir.path()).unwrap()
}

fn status(server: &Server, token: &str) -> u16 {
    let requests = [wire::get(path::VERIFY, token)];
    each(server.address, &requests, |answer| Ok(answer.status)).unwrap()[0]
}

#[test]
fn bare_hyper_sends_what_it_was_given() {
    let answer = "HTTP/1.1 401 Unauthorized\r\nx-one: 1\r\nx-two: 2\r\ncontent-length: 4\r\n\
                  date: Mon, 01 Jan 2024 00:00:00 GMT\r\n\r\nnope";
    let server = start("bare-hyper", env!("CARGO_BIN_EXE_bare-hyper"), answer);
    each(server.address, &[wire::get("/whatever", "token")], |got| {
        let names: Vec<_> = got.headers.iter().map(|header| header.name).collect();
        assert_eq!(names, ["x-one", "x-two", "content-length", "date"]);
        assert_eq!((got.status, got.body), (401, &b"nope"[..]));
        assert_eq!(got.raw.len(), answer.len());
        Ok(())
    })
    .unwrap();
}

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

fn bare_hyper_with(certificate: &Certificate) -> Server {
    let files = [certificate.cert.as_path(), &certificate.key];
    start_with("bare-hyper-tls", env!("CARGO_BIN_EXE_bare-hyper"), HELLO, &files)
}

#[test]
fn bare_hyper_with_a_certificate_speaks_tls_to_whom_trusts_it() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [own, other] = dirs.each_ref().map(|dir| Certificate::make(dir.path()).unwrap());
    let server = bare_hyper_with(&own);
    let ask = |tls| {
        let endpoint = Endpoint { tls, ..server.address.into() };
        let requests = [wire::get("/", "token"), wire::get("/", "token")];
        each(endpoint, &requests, |answer| Ok(answer.body.to_vec()))
    };
    assert_eq!(ask(Some(own.careful_client().unwrap())).unwrap(), [b"hello", b"hello"]);
    assert_eq!(ask(Some(own.load_client(false).unwrap())).unwrap(), [b"hello", b"hello"]);
    assert!(ask(Some(other.careful_client().unwrap())).is_err());
    assert!(ask(Some(other.load_client(false).unwrap())).is_err());
    assert!(ask(None).is_err());
}

#[test]
fn clients_connect_anew_for_each_request_and_resume_sessions_if_they_are_to() {
    let dir = tempfile::tempdir().unwrap();
    let certificate = Certificate::make(dir.path()).unwrap();
    let server = bare_hyper_with(&certificate);
    let request = b"GET / HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n".to_vec();
    // The first one has nothing to resume.
    for (resumes, resumed) in [(false, 0), (true, 19)] {
        let tls = Some(certificate.load_client(resumes).unwrap());
        let endpoint = Endpoint { tls, connects_anew: true, ..server.address.into() };
        let read = |answer: &wire::Answer<'_>| answer.expect(200);
        let mut clients = [Once::new(vec![request.clone(); 20], read)];
        let measured = closed_loop::run(endpoint, &mut clients, Plan::TO_THE_END).unwrap();
        assert_eq!((measured.requests, measured.resumed), (20, resumed));
        assert_eq!(clients[0].answers.len(), 20);
    }
}

#[test]
fn axum_checks_a_token_as_hallpass_does() {
    let user = serde_json::to_string(&verified()).unwrap();
    let server = start("axum-jwt", env!("CARGO_BIN_EXE_axum-jwt"), &user);
    let token = sign(&claims());
    each(server.address, &[wire::get(path::VERIFY, &token)], |answer| {
        assert_eq!(answer.header("x-auth-username"), Some("Ada"));
        assert_eq!(serde_json::from_slice::<Verified>(answer.body)?, verified());
        answer.expect(200)
    })
    .unwrap();

    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        sign(&claims)
    };
    let (head, signature) = token.rsplit_once('.').unwrap();
    let flipped: String = signature.chars().rev().collect();
    for (what, token) in [
        ("another signature", format!("{head}.{flipped}")),
        ("expired", with("exp", json!(1))),
        ("not valid yet", with("nbf", json!(FAR))),
        ("another issuer", with("iss", json!("https://elsewhere.example"))),
        ("another audience", with("aud", json!("others"))),
        ("an unknown user", with("sub", json!(SESSION))),
        ("a revoked session", with("sid", json!(Uuid::from_u128(7)))),
    ] {
        assert_eq!(status(&server, &token), 401, "{what}");
    }
}
