//! Request bodies: JSON, capped in size and time.

use bytes::{Buf, BufMut as _};
use futures_util::{Stream, StreamExt as _, pin_mut};
use hallpass_contract::{
    Credentials, FieldError, PasswordChange, PasswordReset, Reauthentication, UserPatch,
};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::problem::{Problem, field_error};
pub use budget::{BodyBudget, Share};

mod budget;

/// The memory for a body grows by so many bytes as it arrives.
const STEP: usize = 2 * 1024;

/// A request's JSON body.
pub trait Form: DeserializeOwned + Send + 'static {
    /// The most bytes of it. It must hold one password of 1,024 characters, each of them written as
    /// two escaped surrogates (`\uD83D\uDE00`, 12 bytes), and whatever else is in the form as well.
    const MAX_BYTES: usize = 16 * 1024;
    /// Its fields, in the order in which they are complained about.
    const FIELDS: &'static [Field];
    /// Whether other members are refused, as the type does. Otherwise they are ignored.
    const REFUSES_OTHERS: bool = false;
}

/// A field of a form.
#[derive(Clone, Copy, Debug)]
pub enum Field {
    /// A string that must be there.
    Text(&'static str),
    /// An array of strings that may be left out.
    OptionalTexts(&'static str),
    /// A boolean that may be left out.
    OptionalFlag(&'static str),
}

impl Form for Credentials {
    const FIELDS: &'static [Field] = &[Field::Text("username"), Field::Text("password")];
}

impl Form for Reauthentication {
    const FIELDS: &'static [Field] = &[Field::Text("password")];
}

impl Form for PasswordChange {
    /// There are two passwords.
    const MAX_BYTES: usize = 32 * 1024;
    const FIELDS: &'static [Field] =
        &[Field::Text("current_password"), Field::Text("new_password")];
}

impl Form for PasswordReset {
    const FIELDS: &'static [Field] = &[Field::Text("token"), Field::Text("new_password")];
}

impl Form for UserPatch {
    const FIELDS: &'static [Field] =
        &[Field::OptionalTexts("roles"), Field::OptionalFlag("disabled")];
    const REFUSES_OTHERS: bool = true;
}

/// Looks at the headers before a byte of the body is read. Returns how many bytes it has, or may
/// have if the headers don't tell.
///
/// # Errors
///
/// 415 if the body is not declared JSON, 411 if there is none, 413 if it is declared too large.
pub fn check_headers<T: Form>(headers: &HeaderMap) -> Result<usize, Problem> {
    if !is_json(headers) {
        return Err(not_declared());
    }
    match headers.get(CONTENT_LENGTH) {
        None if headers.contains_key(TRANSFER_ENCODING) => Ok(T::MAX_BYTES),
        None => Err(no_length()),
        Some(length) => {
            let length = length.to_str().ok().and_then(|length| length.parse().ok());
            length.filter(|length| *length <= T::MAX_BYTES).ok_or_else(too_large::<T>)
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
pub async fn read<T: Form, B: Buf, E>(
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
            return Err(too_large::<T>());
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

fn wrong_fields<T: Form>(value: &Value) -> Vec<FieldError> {
    let Value::Object(object) = value else {
        return Vec::new();
    };
    let mut wrong: Vec<_> = T::FIELDS.iter().filter_map(|field| field.wrong(object)).collect();
    if T::REFUSES_OTHERS {
        wrong.extend(others::<T>(object));
    }
    wrong
}

/// The most members that are named, and characters of each: a body may hold thousands.
const MOST_OTHERS: usize = 10;
const MOST_CHARS: usize = 64;

/// What a body of `T` with this member is refused with, for the documentation.
pub fn others_of<T: Form>(member: &str) -> Vec<FieldError> {
    others::<T>(&Map::from_iter([(member.to_owned(), Value::Null)])).collect()
}

/// Members that are none of the form's fields.
fn others<T: Form>(object: &Map<String, Value>) -> impl Iterator<Item = FieldError> {
    let known: Vec<&str> = T::FIELDS.iter().map(|field| field.name()).collect();
    let message = format!("There is no such field here, only {}.", known.join(" and "));
    let others = object.keys().filter(move |name| !known.contains(&name.as_str()));
    others.take(MOST_OTHERS).map(move |name| {
        let name: String = name.chars().take(MOST_CHARS).collect();
        field_error(&name, format!("{name}: {message}"))
    })
}

impl Field {
    fn name(self) -> &'static str {
        let (Self::Text(name) | Self::OptionalTexts(name) | Self::OptionalFlag(name)) = self;
        name
    }

    fn wrong(self, object: &Map<String, Value>) -> Option<FieldError> {
        let name = self.name();
        // As people say it.
        let said = name.replace('_', " ");
        let value = object.get(name).unwrap_or(&Value::Null);
        let message = match (self, value) {
            (Self::Text(_), Value::String(_))
            | (Self::OptionalFlag(_), Value::Bool(_))
            | (Self::OptionalFlag(_) | Self::OptionalTexts(_), Value::Null) => return None,
            (Self::OptionalTexts(_), Value::Array(values))
                if values.iter().all(Value::is_string) =>
            {
                return None;
            }
            (Self::Text(_), Value::Null) => format!("Fill in the {said}."),
            (Self::Text(_), _) => format!("Send the {said} as a string."),
            (Self::OptionalTexts(_), _) => format!("Send {said} as an array of strings."),
            (Self::OptionalFlag(_), _) => format!("Send {said} as true or false."),
        };
        Some(field_error(name, message))
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
        too_large::<T>(),
        not_declared(),
        unfit,
        shutting_down,
        too_many,
    ]
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

fn too_large<T: Form>() -> Problem {
    let detail = format!("Send at most {} bytes.", T::MAX_BYTES);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

/// 408.
pub fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time.")
}

#[cfg(test)]
mod tests {
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
        let (password, username) = (escaped(password::MAX_CHARS), escaped(username::MAX_CHARS));
        let role = r"\u0061".repeat(64);
        let roles = vec![format!("\"{role}\""); 32].join(", ");
        // With some white space and a member that is not known.
        let spacious = |members: String| format!("{{{members}, \"more\": \"{:1000}\"}}", "").len();
        let credentials =
            spacious(format!(r#""username": "{username}", "password": "{password}""#));
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
        let body = read::<Credentials, _, _>(chunks(90), 16_384, &mut share).await.unwrap();
        assert_eq!((body.len(), body.capacity()), (9_000, 10_240));
        let body = read::<Credentials, _, _>(chunks(1), 100, &mut share).await.unwrap();
        assert_eq!(body.capacity(), 100);
        let over = read::<Credentials, _, _>(chunks(164), 16_384, &mut share).await;
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
}
