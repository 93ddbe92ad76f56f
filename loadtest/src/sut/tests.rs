//! Requests and answers of the built-in targets.

mod second_factor;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use hallpass_contract::kind;
use http::{Response, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::spec::Spec;
use super::{Account, BadLogin, BadToken, Call, Failure, Outcome, SignedIn, Target};

fn target(name: &str) -> Target {
    let host = Url::parse("http://127.0.0.1:8080").unwrap();
    Target::new(Spec::find(name).unwrap(), &host).unwrap()
}

fn ann() -> Arc<Account> {
    Arc::new(Account::new("ann", "correct horse"))
}

fn answer(status: u16, body: &Value) -> Response<Bytes> {
    let body = Bytes::from(serde_json::to_vec(body).unwrap());
    Response::builder().status(status).body(body).unwrap()
}

fn login_body() -> Value {
    json!({
        "access_token": "a.b.c", "token_type": "Bearer", "expires_in": 900,
        "user": {"id": "1", "username": "ann"}
    })
}

fn with_cookie(mut answer: Response<Bytes>, cookie: &str) -> Response<Bytes> {
    answer.headers_mut().append("set-cookie", cookie.parse().unwrap());
    answer
}

const COOKIE: &str = "__Host-hallpass-refresh=r0; HttpOnly; Secure; Path=/";

/// Ann at a Hallpass server with this body as the answer to her login.
fn read_login(body: &Value) -> Result<SignedIn, Failure> {
    let answer = with_cookie(answer(200, body), COOKIE);
    target("hallpass").read_login(&ann(), &answer, Instant::now())
}

#[test]
fn requests_are_whole() {
    let request = target("flask-tutorial").login_request(&ann());
    assert_eq!(request.method(), "POST");
    assert_eq!(request.uri(), "http://127.0.0.1:8080/login");
    assert_eq!(request.headers()["content-type"], "application/json");
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body, json!({"username": "ann", "password": "correct horse"}));

    let signed_in = read_login(&login_body()).unwrap();
    let request = target("flask-tutorial").verify_request(&signed_in.token);
    assert_eq!((request.method().as_str(), request.uri().path()), ("GET", "/protected"));
    assert_eq!(request.headers()["authorization"], "Bearer a.b.c");
    assert!(request.headers()["authorization"].is_sensitive());
}

#[test]
fn a_form_is_url_encoded() {
    let text = include_str!("flask-tutorial.toml").replace("[login]", "[login]\nbody = \"form\"");
    let host = Url::parse("http://127.0.0.1:8080").unwrap();
    let target = Target::new(toml::from_str(&text).unwrap(), &host).unwrap();
    let request = target.login_request(&Account::new("ann", "a&b c"));
    assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(request.body().as_ref(), b"password=a%26b+c&username=ann");
}

#[test]
fn what_a_target_does_not_describe_is_not_supported() {
    let (hallpass, flask) = (target("hallpass"), target("flask-tutorial"));
    for call in [Call::Refresh, Call::BadToken(BadToken::AlgHs256)] {
        assert!(hallpass.supports(call) && !flask.supports(call), "{call}");
    }
    assert!(flask.supports(Call::Register) && flask.supports(Call::BadToken(BadToken::Expired)));
}

#[test]
fn an_answer_falls_into_the_class_of_its_status() {
    let classify = |name, call, status: u16| {
        target(name).classify(call, StatusCode::from_u16(status).unwrap())
    };
    for (call, status, outcome) in [
        (Call::Login, 200, Outcome::Ok),
        (Call::Login, 401, Outcome::Unexpected),
        (Call::Login, 429, Outcome::Throttled),
        (Call::Login, 503, Outcome::Overloaded),
        (Call::Register, 201, Outcome::Ok),
        (Call::BadLogin(BadLogin::WrongPassword), 401, Outcome::Expected401),
        (Call::BadLogin(BadLogin::UnknownUser), 404, Outcome::Unexpected),
        (Call::BadLogin(BadLogin::UnknownUser), 429, Outcome::Throttled),
        (Call::BadToken(BadToken::Expired), 200, Outcome::Unexpected),
        (Call::BadToken(BadToken::Tampered), 422, Outcome::Unexpected),
    ] {
        assert_eq!(classify("hallpass", call, status), outcome, "{call} {status}");
    }
    let tampered = Call::BadToken(BadToken::Tampered);
    assert_eq!(classify("flask-tutorial", tampered, 422), Outcome::Expected401);
}

#[test]
fn a_login_leaves_token_cookie_and_id() {
    let signed_in = read_login(&login_body()).unwrap();
    assert_eq!(signed_in.token.life, Some(Duration::from_secs(900)));
    assert_eq!(signed_in.token.user_id.as_deref(), Some("1"));
    let request = target("hallpass").refresh_request(&signed_in.refresh.unwrap()).unwrap();
    assert_eq!(request.headers()["cookie"], "__Host-hallpass-refresh=r0");
    assert_eq!(request.headers()["sec-fetch-site"], "same-origin");
}

#[test]
fn a_login_that_is_not_as_described_is_wrong() {
    for (at, value, says) in [
        ("/access_token", json!(""), "empty access token"),
        ("/access_token", json!(null), "nothing at /access_token"),
        ("/token_type", json!("mac"), "wrong token type"),
        ("/expires_in", json!(0), "expired already"),
        ("/user/username", json!("bob"), "wrong username: bob for ann"),
        ("/user/id", json!(null), "nothing at /user/id"),
    ] {
        let mut body = login_body();
        *body.pointer_mut(at).unwrap() = value;
        let failure = read_login(&body).unwrap_err();
        assert_eq!(failure.outcome, Outcome::Unexpected);
        assert!(failure.to_string().contains(says), "{at}: {failure}");
    }
    let without_cookie = answer(200, &login_body());
    let read = target("hallpass").read_login(&ann(), &without_cookie, Instant::now());
    assert_eq!(read.unwrap_err().kind, "no refresh cookie");
    let with_another = with_cookie(answer(200, &login_body()), "theme=dark; Path=/");
    let read = target("hallpass").read_login(&ann(), &with_another, Instant::now());
    assert_eq!(read.unwrap_err().kind, "no refresh cookie");
}

#[test]
fn the_life_of_a_jwt_is_in_its_claims_where_the_answer_does_not_say() {
    let claims = BASE64URL_NOPAD.encode(br#"{"iat": 1000, "exp": 1060}"#);
    let body = json!({"access_token": format!("e30.{claims}.c2ln")});
    let target = target("flask-tutorial");
    let read = |body: &Value| target.read_login(&ann(), &answer(200, body), Instant::now());
    assert_eq!(read(&body).unwrap().token.life, Some(Duration::from_secs(60)));
    assert_eq!(read(&json!({"access_token": "opaque"})).unwrap().token.life, None);
}

#[test]
fn a_refresh_stays_with_its_user_and_brings_the_next_cookie() {
    let target = target("hallpass");
    let before = read_login(&login_body()).unwrap();
    let next = with_cookie(answer(200, &login_body()), "__Host-hallpass-refresh=r1; Path=/");
    let after = target.read_refresh(&before, &next, Instant::now()).unwrap();
    assert_eq!(after.refresh.unwrap().value, "__Host-hallpass-refresh=r1");

    let mut other = login_body();
    other["user"]["id"] = json!("2");
    let read = target.read_refresh(&before, &answer(200, &other), Instant::now());
    assert_eq!(read.unwrap_err().to_string(), "wrong user id: 2 for 1");
}

#[test]
fn a_verification_that_names_somebody_else_is_wrong() {
    let target = target("hallpass");
    let ann = read_login(&login_body()).unwrap();
    let verify = |sub: &str, name: &str| {
        target.read_verify(&ann, &answer(200, &json!({"sub": sub, "username": name})))
    };
    assert_eq!(verify("1", "ann"), Ok(()));
    assert_eq!(verify("2", "ann").unwrap_err().kind, "wrong user id");
    assert_eq!(verify("1", "bob").unwrap_err().kind, "wrong username");
    let empty = Response::new(Bytes::new());
    assert_eq!(target.read_verify(&ann, &empty).unwrap_err().kind, "status 200 with a wrong body");
}

#[test]
fn what_should_have_been_refused_is_told_by_what_it_is() {
    let expired = Call::BadToken(BadToken::Expired);
    let ann = json!({"sub": "1", "username": "ann"});
    let read = |status| target("hallpass").read_refusal(expired, &answer(status, &ann));
    assert_eq!(read(401), Ok(()));
    assert_eq!(read(200).unwrap_err().kind, "an expired token was accepted");
    assert_eq!(read(201).unwrap_err().kind, "an expired token was accepted");
    assert_eq!(read(500).unwrap_err().kind, "status 500");
}

#[test]
fn a_jwt_without_its_time_of_issue_lives_until_its_end_by_the_servers_clock() {
    let part = |value: Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let life = |claims: Value, date: Option<&str>| {
        let token = format!("{}.{}.sig", part(json!({"alg": "none"})), part(claims));
        let mut answer = answer(200, &json!({"access_token": token}));
        date.map(|date| answer.headers_mut().insert("date", date.parse().unwrap()));
        let read = target("flask-tutorial").read_login(&ann(), &answer, Instant::now());
        read.unwrap().token.life.map(|life| life.as_secs())
    };
    // 784111777 is the date that RFC 9110 has as its example.
    let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(life(json!({"exp": 784_111_797}), date), Some(20));
    assert_eq!(life(json!({"exp": 784_111_797, "iat": 784_111_770}), date), Some(27));
    assert_eq!(life(json!({"exp": 120, "iat": 100}), None), Some(20));
    let far = 4_000_000_000_u64;
    let by_the_clock = life(json!({"exp": far}), None).unwrap();
    assert!(by_the_clock > 1_000_000_000 && by_the_clock < far, "{by_the_clock}");
}

/// A server that answers 200 with `null` where there is no session.
fn polite() -> Target {
    let text = include_str!("hallpass.toml").replace("invalid = [401]", "invalid = [200]");
    let text = text.replace("wrong_password = [401]", "wrong_password = [200]");
    let host = Url::parse("http://127.0.0.1:8080").unwrap();
    Target::new(toml::from_str(&text).unwrap(), &host).unwrap()
}

#[test]
fn a_success_that_names_nobody_accepts_nobody() {
    let tampered = Call::BadToken(BadToken::Tampered);
    for nobody in [json!(null), json!({}), json!({"username": null}), json!({"sub": ""})] {
        let nobody = answer(200, &nobody);
        let undeclared = target("hallpass").read_refusal(tampered, &nobody).unwrap_err();
        assert_eq!(undeclared.kind, "status 200 that tells of nobody");
        assert_eq!(polite().read_refusal(tampered, &nobody), Ok(()));
    }
    for somebody in [json!({"username": "ann"}), json!({"sub": 7})] {
        let read = polite().read_refusal(tampered, &answer(200, &somebody));
        assert_eq!(read.unwrap_err().kind, "a tampered token was accepted");
    }
    // Nothing says where it would name somebody.
    let read = target("flask-tutorial").read_refusal(tampered, &answer(200, &json!(null)));
    assert_eq!(read.unwrap_err().kind, "a tampered token was accepted");
}

#[test]
fn a_sign_in_is_accepted_by_its_token_and_not_by_its_status() {
    let wrong = Call::BadLogin(BadLogin::WrongPassword);
    let read = |body: Value| polite().read_refusal(wrong, &answer(200, &body));
    assert_eq!(read(json!({"error": "wrong password"})), Ok(()));
    assert_eq!(read(login_body()).unwrap_err().kind, "a wrong password was accepted");
    let undeclared = target("hallpass").read_refusal(wrong, &answer(200, &json!(null)));
    assert_eq!(undeclared.unwrap_err().kind, "status 200 that tells of nobody");
}

#[test]
fn a_declared_overload_has_a_name_of_its_own() {
    let mut overloaded = answer(503, &json!({}));
    let read = |answer: &Response<Bytes>| {
        target("hallpass").read_login(&ann(), answer, Instant::now()).unwrap_err()
    };
    assert_eq!(read(&overloaded).kind, "status 503");
    overloaded.headers_mut().insert("retry-after", "1".parse().unwrap());
    assert_eq!(read(&overloaded).kind, "declared overload (503)");
    assert_eq!(read(&overloaded).outcome, Outcome::Overloaded);
}

#[test]
fn a_store_that_is_not_available_is_no_overload() {
    let read = |kind: &str| {
        let detail = "Try again soon.";
        let problem = json!({"type": kind, "title": "Busy", "status": 503, "detail": detail});
        let mut answer = answer(503, &problem);
        answer.headers_mut().insert("retry-after", "1".parse().unwrap());
        let failure = target("hallpass").read_login(&ann(), &answer, Instant::now()).unwrap_err();
        assert_eq!(failure.detail, detail);
        (failure.outcome, failure.kind)
    };
    let declared = (Outcome::Overloaded, "declared overload (503)".to_owned());
    // A blank one is how Hallpass refuses while it shuts down or has no memory for the body.
    for kind in [kind::OVERLOADED, kind::BLANK, "https://other.example/busy"] {
        assert_eq!(read(kind), declared, "{kind}");
    }
    assert_eq!(read(kind::UNAVAILABLE), (Outcome::Unexpected, "status 503".to_owned()));
}
