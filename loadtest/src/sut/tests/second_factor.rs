//! Requests and answers of logins in two steps.

use super::*;
use crate::sut::TwoStep;

fn required() -> Response<Bytes> {
    answer(401, &json!({"type": kind::SECOND_FACTOR_REQUIRED, "challenge": "c 1"}))
}

fn body(request: &http::Request<Bytes>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

#[test]
fn the_second_step_answers_the_challenge_of_the_first_with_the_code() {
    let target = target("hallpass");
    let challenge = target.read_first_step(&required()).unwrap();
    let request = target.second_step_request(&ann(), &challenge, "012345").unwrap();
    assert_eq!(
        (request.method().as_str(), request.uri().path()),
        ("POST", "/api/login/second-factor")
    );
    assert_eq!(body(&request), json!({"challenge": "c 1", "totp": "012345"}));
}

#[test]
fn codes_are_set_up_with_an_access_token() {
    let (target, user) = (target("hallpass"), read_login(&login_body()).unwrap());
    let begin = target.begin_codes_request(&user.token).unwrap();
    let confirm = target.confirm_codes_request(&user, "012345").unwrap();
    for (request, path) in [(&begin, "/api/me/totp"), (&confirm, "/api/me/totp/confirm")] {
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", path));
        assert_eq!(request.headers()["authorization"], "Bearer a.b.c", "{path}");
    }
    assert_eq!(body(&confirm), json!({"code": "012345"}));
    let secret = target.read_codes(&answer(200, &json!({"secret": "JBSWY3DP"})));
    assert_eq!(secret.unwrap().expose(), "JBSWY3DP");
    assert_eq!(target.read_codes(&answer(401, &json!({}))).unwrap_err().kind, "status 401");
}

#[test]
fn a_first_step_that_asks_for_no_code_is_wrong() {
    let read = |status, body: &Value| {
        target("hallpass").read_first_step(&answer(status, body)).unwrap_err().kind
    };
    assert_eq!(read(200, &login_body()), "signed in without a second factor");
    assert_eq!(read(401, &json!({"type": "about:blank"})), "nothing at /challenge of the answer");
    assert_eq!(read(200, &json!({})), "status 200");
    assert_eq!(read(429, &json!({})), "throttled (429)");
}

#[test]
fn a_first_step_with_a_success_is_told_from_a_login_by_its_challenge() {
    let text = include_str!("../hallpass.toml");
    let text = text.replace("needs_status = [401]", "needs_status = [200]");
    let host = Url::parse("http://127.0.0.1:8080").unwrap();
    let target = Target::new(toml::from_str(&text).unwrap(), &host).unwrap();
    assert!(target.read_first_step(&answer(200, &json!({"challenge": "c"}))).is_ok());
    let login = target.read_first_step(&answer(200, &login_body()));
    assert_eq!(login.unwrap_err().kind, "signed in without a second factor");
}

#[test]
fn a_second_step_is_read_as_a_login_and_a_refused_code_asks_about_the_clocks() {
    let read = |answer: &Response<Bytes>| {
        target("hallpass").read_second_step(&ann(), answer, Instant::now())
    };
    let right = with_cookie(answer(200, &login_body()), COOKIE);
    assert_eq!(read(&right).unwrap().token.text(), "a.b.c");
    let mut other = login_body();
    other["user"]["username"] = json!("bob");
    let other = with_cookie(answer(200, &other), COOKIE);
    assert_eq!(read(&other).unwrap_err().kind, "wrong username");

    let mut refused = answer(401, &json!({}));
    let failure = read(&refused).unwrap_err();
    assert!(failure.kind.contains("refused (status 401); does the server's clock"), "{failure}");
    let date = "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap();
    refused.headers_mut().insert("date", date);
    assert!(read(&refused).unwrap_err().detail.ends_with(" s behind"));
    let overloaded = read(&answer(503, &json!({}))).unwrap_err();
    assert_eq!(overloaded.outcome, Outcome::Overloaded);
}

#[test]
fn a_target_without_the_section_supports_none_of_it() {
    let flask = target("flask-tutorial");
    for step in [TwoStep::Begin, TwoStep::Confirm, TwoStep::Password, TwoStep::Code] {
        let call = Call::TwoStep(step);
        assert!(target("hallpass").supports(call) && !flask.supports(call), "{step:?}");
    }
    let user = read_login(&login_body()).unwrap();
    assert!(flask.begin_codes_request(&user.token).is_none());
    assert!(flask.confirm_codes_request(&user, "1").is_none());
}
