use hallpass_contract::{Credentials, PasswordChange, PasswordReset, UserPatch};

use super::*;
use crate::proof::password;
use crate::username;

fn refusal(body: &[u8]) -> Problem {
    parse::<Credentials>(body).unwrap_err()
}

fn fields(body: &[u8]) -> Vec<String> {
    let problem: hallpass_contract::Problem =
        serde_json::from_slice(refusal(body).to_response().body()).unwrap();
    problem.errors.into_iter().map(|error| error.field).collect()
}

/// What a client may make of the longest text that is allowed: each character as two escaped
/// surrogates.
fn escaped(chars: usize) -> String {
    r"\uD83D\uDE00".repeat(chars)
}

#[test]
fn the_longest_permitted_forms_fit_in_any_escaping() {
    // Each of these characters has four bytes.
    let username = escaped(username::MAX_GIVEN_BYTES / 4);
    let password = escaped(password::MAX_CHARS);
    let role = r"\u0061".repeat(64);
    let roles = vec![format!("\"{role}\""); 32].join(", ");
    // With some white space and a member that is not known.
    let spacious = |members: String| format!("{{{members}, \"more\": \"{:1000}\"}}", "").len();
    let credentials = spacious(format!(r#""username": "{username}", "password": "{password}""#));
    assert!(credentials <= Credentials::MAX_BYTES, "{credentials}");
    let change =
        spacious(format!(r#""current_password": "{password}", "new_password": "{password}""#));
    assert!(change <= PasswordChange::MAX_BYTES, "{change}");
    let token = "x".repeat(200);
    let reset = spacious(format!(r#""token": "{token}", "new_password": "{password}""#));
    assert!(reset <= PasswordReset::MAX_BYTES, "{reset}");
    let patch = spacious(format!(r#""roles": [{roles}], "disabled": false"#));
    assert!(patch <= UserPatch::MAX_BYTES, "{patch}");
}

#[tokio::test]
async fn a_body_takes_memory_as_it_arrives_and_not_by_doubling() {
    let budget = BodyBudget::new(crate::metrics::Metrics::default().bodies.clone());
    let mut share = budget.share("192.0.2.1/32".parse().unwrap());
    let chunks = |count: usize| {
        let chunks = (0..count).map(|_| Ok::<_, String>(&[b' '; 100][..]));
        futures_util::stream::iter(chunks)
    };
    let body = read(chunks(90), 16_384, &mut share).await.unwrap();
    assert_eq!((body.len(), body.capacity()), (9_000, 10_240));
    let body = read(chunks(1), 100, &mut share).await.unwrap();
    assert_eq!(body.capacity(), 100);
    let over = read(chunks(164), 16_384, &mut share).await;
    assert_eq!(over.unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[test]
fn what_is_not_json_is_a_400() {
    for body in [
        &b""[..],
        b"{",
        b"username=ada",
        br#"{"username": 7, "password": "unfinished"#,
        b"{\"username\": \"\xff\", \"password\": \"x\"}",
        b"{\"username\": \"ada\", \"password\": \"x\", \"ignored\": \"\xff\"}",
        br#"{"username": "\ud800", "password": "x"}"#,
        &[b'['; 10_000],
    ] {
        let text = String::from_utf8_lossy(body);
        assert_eq!(refusal(body).status(), StatusCode::BAD_REQUEST, "{text:.40}");
    }
}

#[test]
fn every_wrong_field_is_named_at_once() {
    assert_eq!(fields(b"{}"), ["username", "password"]);
    assert_eq!(fields(br#"{"username": "ada", "password": null}"#), ["password"]);
    assert_eq!(fields(br#"{"username": ["ada"], "password": "x"}"#), ["username"]);
    for shapeless in [&b"[]"[..], br#"["ada", "secret"]"#, b"null", b"7", br#""ada""#] {
        assert_eq!(refusal(shapeless).status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(fields(shapeless).is_empty());
    }
}

#[test]
fn unknown_fields_are_ignored_and_repeated_ones_refused() {
    assert!(parse::<Credentials>(br#"{"username":"a","password":"b","more":[1]}"#).is_ok());
    let repeated = br#"{"username":"a","username":"b","password":"c"}"#;
    assert_eq!(refusal(repeated).status(), StatusCode::UNPROCESSABLE_ENTITY);
}
