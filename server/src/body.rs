//! Request bodies: JSON, capped in size and time.

use bytes::{Buf, BufMut as _};
use futures_util::{Stream, StreamExt as _, pin_mut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

pub use self::budget::{BodyBudget, Share};
use self::form::wrong_fields;
pub use self::form::{Field, Form, others_of};
use crate::problem::Problem;

mod budget;
mod form;
#[cfg(test)]
mod tests;

/// The memory for a body grows by so many bytes as it arrives.
const STEP: usize = 2 * 1024;

/// Looks at the headers before a byte of the body is read. Returns how many bytes it has, or may
/// have if the headers don't tell.
///
/// # Errors
///
/// 415 if the body is not declared JSON, 411 if there is none, 413 if it is declared too large.
pub fn check_headers<T: Form>(headers: &HeaderMap) -> Result<usize, Problem> {
    if is_json(headers) { check_length(headers, T::MAX_BYTES) } else { Err(not_declared()) }
}

/// As [`check_headers`], of a body of whatever type with at most so many bytes.
///
/// # Errors
///
/// 411 if there is none, 413 if it is declared too large.
pub fn check_length(headers: &HeaderMap, most: usize) -> Result<usize, Problem> {
    match headers.get(CONTENT_LENGTH) {
        None if headers.contains_key(TRANSFER_ENCODING) => Ok(most),
        None => Err(no_length()),
        Some(length) => {
            let length = length.to_str().ok().and_then(|length| length.parse().ok());
            length.filter(|length| *length <= most).ok_or_else(|| too_large(most))
        }
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

/// Reads a body to its end. It takes memory as it arrives, whatever length it was said to have.
///
/// # Errors
///
/// 413 as soon as it passes `most`, 400 if the connection breaks off, 503 if `share` can't grow
/// with it.
pub async fn read<B: Buf, E>(
    chunks: impl Stream<Item = Result<B, E>>,
    most: usize,
    share: &mut Share<'_>,
) -> Result<Vec<u8>, Problem> {
    pin_mut!(chunks);
    let mut body = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let broken = |_| Problem::new(StatusCode::BAD_REQUEST, "The body broke off.");
        let chunk = chunk.map_err(broken)?;
        let length = body.len() + chunk.remaining();
        if length > most {
            return Err(too_large(most));
        }
        if length > body.capacity() {
            let capacity = length.next_multiple_of(STEP).min(most);
            share.grow_to(capacity)?;
            body.reserve_exact(capacity - body.len());
        }
        body.put(chunk);
    }
    Ok(body)
}

/// Parses a whole body.
///
/// # Errors
///
/// 400 if it is not JSON, 422 if it is and does not fit; then each field that is missing or of
/// another type is named.
pub fn parse<T: Form>(body: &[u8]) -> Result<T, Problem> {
    // serde would also accept an array of the fields' values.
    let not_utf8 = |_| Problem::new(StatusCode::BAD_REQUEST, "The body is not UTF-8.");
    let body = std::str::from_utf8(body).map_err(not_utf8)?;
    if body.trim_ascii_start().starts_with('{')
        && let Ok(form) = serde_json::from_str(body)
    {
        return Ok(form);
    }
    match serde_json::from_str(body) {
        Ok(value) => Err(Problem::invalid_fields(wrong_fields::<T>(&value))),
        Err(error) => Err(malformed(error.line(), error.column())),
    }
}

/// What any body of `T` may be refused with.
pub fn refusals<T: Form>() -> Vec<Problem> {
    let empty = Value::Object(Map::new());
    let unfit = Problem::invalid_fields(wrong_fields::<T>(&empty));
    let (shutting_down, too_many) = (Problem::shutting_down(), Problem::too_many_bodies());
    vec![
        malformed(1, 2),
        too_slow(),
        no_length(),
        too_large(T::MAX_BYTES),
        not_declared(),
        unfit,
        shutting_down,
        too_many,
    ]
}

/// What a form of at most so many bytes may be refused with, whatever is in it.
pub fn form_refusals(most: usize) -> Vec<Problem> {
    let (shutting_down, too_many) = (Problem::shutting_down(), Problem::too_many_bodies());
    vec![too_slow(), no_length(), too_large(most), no_form(), shutting_down, too_many]
}

/// 415, where a form belongs.
pub fn no_form() -> Problem {
    let detail =
        "Send a form and declare it with `Content-Type: application/x-www-form-urlencoded`.";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
}

fn not_declared() -> Problem {
    let detail = "Send JSON and declare it with `Content-Type: application/json`.";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
}

fn no_length() -> Problem {
    let detail = "Send a body, with its length in Content-Length.";
    Problem::new(StatusCode::LENGTH_REQUIRED, detail)
}

/// Says only where the error is. The library's own message may quote a password.
fn malformed(line: usize, column: usize) -> Problem {
    let detail = format!("The body is not JSON: look at line {line}, column {column}.");
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

fn too_large(most: usize) -> Problem {
    let detail = format!("Send at most {most} bytes.");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

/// 408.
pub fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time.")
}
