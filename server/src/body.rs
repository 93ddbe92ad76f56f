//! Request bodies: JSON, capped in size and time.

use bytes::{Buf, BytesMut};
use futures_util::{Stream, StreamExt as _, pin_mut};
use hallpass_contract::{Credentials, FieldError};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::{Problem, field_error};

/// The most bytes of a body.
pub const MAX_BYTES: usize = 64 * 1024;

/// A request's JSON body. All its fields are strings.
pub trait Form: DeserializeOwned + Send + 'static {
    /// The fields that must be there.
    const REQUIRED: &'static [&'static str];
}

impl Form for Credentials {
    const REQUIRED: &'static [&'static str] = &["username", "password"];
}

/// Looks at the headers before a byte of the body is read.
///
/// # Errors
///
/// 415 if the body is not declared JSON, 411 if there is none, 413 if it is declared too large.
pub fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    if !is_json(headers) {
        let detail = "Send JSON and declare it with `Content-Type: application/json`.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    match headers.get(CONTENT_LENGTH) {
        None if headers.contains_key(TRANSFER_ENCODING) => Ok(()),
        None => {
            let detail = "Send a body, with its length in Content-Length.";
            Err(Problem::new(StatusCode::LENGTH_REQUIRED, detail))
        }
        Some(length) => match length.to_str().ok().and_then(|length| length.parse().ok()) {
            Some(0..=MAX_BYTES) => Ok(()),
            _ => Err(too_large()),
        },
    }
}

/// `application/json` or a `+json` type, with any parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    value.parse::<mime::Mime>().is_ok_and(|media_type| {
        media_type.type_() == mime::APPLICATION
            && (media_type.subtype() == mime::JSON || media_type.suffix() == Some(mime::JSON))
    })
}

/// Reads a body to its end.
///
/// # Errors
///
/// 413 as soon as it passes [`MAX_BYTES`], 400 if the connection breaks off.
pub async fn read<B: Buf, E>(
    chunks: impl Stream<Item = Result<B, E>>,
) -> Result<BytesMut, Problem> {
    pin_mut!(chunks);
    let mut body = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let broken = |_| Problem::new(StatusCode::BAD_REQUEST, "The body broke off.");
        let chunk = chunk.map_err(broken)?;
        if body.len() + chunk.remaining() > MAX_BYTES {
            return Err(too_large());
        }
        bytes::BufMut::put(&mut body, chunk);
    }
    Ok(body)
}

/// Parses a whole body.
///
/// # Errors
///
/// 400 if it is not JSON, 422 if it is and does not fit; then each field that is missing or not a
/// string is named.
pub fn parse<T: Form>(body: &[u8]) -> Result<T, Problem> {
    // serde would take an array of the fields in their order for the object, too.
    let not_utf8 = |_| Problem::new(StatusCode::BAD_REQUEST, "The body is not UTF-8.");
    let body = std::str::from_utf8(body).map_err(not_utf8)?;
    if body.trim_ascii_start().starts_with('{')
        && let Ok(form) = serde_json::from_str(body)
    {
        return Ok(form);
    }
    match serde_json::from_str(body) {
        Ok(value) => Err(Problem::invalid_fields(wrong_fields(T::REQUIRED, &value))),
        Err(error) => Err(malformed(&error)),
    }
}

fn wrong_fields(required: &[&str], value: &Value) -> Vec<FieldError> {
    let Value::Object(object) = value else {
        return Vec::new();
    };
    let wrong = |field: &&str| match object.get(*field) {
        Some(Value::String(_)) => None,
        None | Some(Value::Null) => Some(field_error(field, format!("Fill in the {field}."))),
        Some(_) => Some(field_error(field, format!("Send the {field} as a string."))),
    };
    required.iter().filter_map(wrong).collect()
}

fn malformed(error: &serde_json::Error) -> Problem {
    // The library's own text may quote the body, which may hold a password.
    let (line, column) = (error.line(), error.column());
    let detail = format!("The body is not JSON: look at line {line}, column {column}.");
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

fn too_large() -> Problem {
    let detail = format!("Send at most {MAX_BYTES} bytes.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

/// 408.
pub fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &[u8]) -> Problem {
        parse::<Credentials>(body).unwrap_err()
    }

    fn fields(body: &[u8]) -> Vec<String> {
        let problem: hallpass_contract::Problem =
            serde_json::from_slice(refusal(body).to_response().body()).unwrap();
        problem.errors.into_iter().map(|error| error.field).collect()
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
}
