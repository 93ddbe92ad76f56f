//! What goes over the wire: requests, and what their answers mean to a person.

use hallpass_contract::{FieldError, PROBLEM_MEDIA_TYPE, Secret, kind, path};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::session::Seconds;

/// Tells the answers of requests apart, so that a late one can be recognized.
pub type RequestId = u32;

/// How a path is called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// As it goes over the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// One call of the API.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// Comes back with the answer.
    pub id: RequestId,
    /// How.
    pub method: Method,
    /// One of [`hallpass_contract::path`], with its query.
    pub path: String,
    /// The JSON to send along.
    pub body: Option<Secret>,
    /// The session's token, for the interceptor to add where it may.
    pub token: Option<Secret>,
}

impl Request {
    /// For how many milliseconds an answer is waited for. A hash may have to queue on a busy
    /// server. A refresh hashes nothing, and the page waits for it. A sign-in waits for a sign-out.
    pub fn patience(&self) -> u32 {
        if matches!(self.path.as_str(), path::REFRESH | path::LOGOUT) { 5_000 } else { 30_000 }
    }

    /// Whether it goes on when the page is closed or left. What a signed-in user has told the
    /// server to do does; a sign-in does not, since nobody would know of its session.
    pub fn outlives_page(&self) -> bool {
        self.method != Method::Get && (self.token.is_some() || self.path == path::LOGOUT)
    }
}

/// A request's JSON; it may hold a password.
pub fn json_body(body: &impl Serialize) -> Option<Secret> {
    serde_json::to_string(body).ok().map(Secret::from)
}

/// An answer, or none because the server was not reached or not in time.
pub type Answer = Option<Reply>;

/// An HTTP response as far as the frontend reads it.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The `Content-Type` header, empty without one.
    pub content_type: String,
    /// The `Retry-After` header, empty without one.
    pub retry_after: String,
    /// The `Date` header.
    pub server_time: Option<Seconds>,
    /// The body; it may hold a token.
    pub body: Secret,
}

impl Default for Reply {
    fn default() -> Self {
        let (content_type, retry_after) = (String::new(), String::new());
        Self { status: 0, content_type, retry_after, server_time: None, body: Secret::from("") }
    }
}

impl Reply {
    /// The problem document, if the body is one.
    pub fn problem(&self) -> Option<Problem> {
        let media_type = self.content_type.split(';').next().unwrap_or_default().trim();
        media_type
            .eq_ignore_ascii_case(PROBLEM_MEDIA_TYPE)
            .then(|| serde_json::from_str(self.body.expose()).ok())
            .flatten()
    }

    fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after.trim().parse().ok()
    }
}

/// What is read of a [`hallpass_contract::Problem`]; its status is the answer's.
#[derive(Debug, Deserialize)]
pub struct Problem {
    /// What sort of problem this is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The sort of problem in words.
    pub title: String,
    /// What happened, for a person.
    pub detail: String,
    /// What is wrong with which field.
    #[serde(default)]
    pub errors: Vec<FieldError>,
}

/// Why a request did not succeed, in words.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fault {
    /// The status, 0 when no answer came.
    pub status: u16,
    /// What to tell the person, without the time to wait; empty when the fields' messages say it
    /// all.
    pub message: String,
    /// What is wrong with which field of the form.
    pub fields: Vec<FieldError>,
    /// For how many seconds a next attempt is in vain, if the server has said so.
    pub retry_after: Option<u32>,
    /// Whether the server has not begun, since too many passwords wait to be hashed.
    pub overloaded: bool,
}

impl Fault {
    /// All of it in words, where there is no form to show fields in. It is never empty.
    pub fn in_words(self) -> String {
        let told = Some(self.message).filter(|message| !message.is_empty());
        let fields = self.fields.into_iter().map(|error| error.message);
        told.into_iter().chain(fields).collect::<Vec<_>>().join(" ")
    }
}

/// The body of an answer with the status that means success, else what went wrong.
///
/// # Errors
///
/// A [`Fault`] for any other status, an unreadable body and no answer at all.
pub fn expect<T: DeserializeOwned>(answer: &Answer, status: u16) -> Result<T, Fault> {
    let reply = expect_status(answer, status)?;
    serde_json::from_str(reply.body.expose()).map_err(|_| not_understood(status))
}

/// The answer with the status that means success, else what went wrong.
///
/// # Errors
///
/// A [`Fault`] for any other status and no answer at all.
pub fn expect_status(answer: &Answer, status: u16) -> Result<&Reply, Fault> {
    match answer {
        Some(reply) if reply.status == status => Ok(reply),
        Some(reply) => Err(fault(reply)),
        None => Err(Fault {
            message: "The server could not be reached. Check your connection and try again.".into(),
            ..Fault::default()
        }),
    }
}

/// A success that this frontend can make nothing of, such as one written by a proxy.
pub fn not_understood(status: u16) -> Fault {
    Fault {
        status,
        message: "The server gave an unexpected answer. Reload the page and try again.".into(),
        ..Fault::default()
    }
}

/// One of the message and the fields is never empty.
fn fault(reply: &Reply) -> Fault {
    let Reply { status, .. } = *reply;
    let retry_after = reply.retry_after_seconds().filter(|_| matches!(status, 429 | 503));
    let (mut texts, mut fields) = (Vec::new(), Vec::new());
    let mut overloaded = false;
    if let Some(problem) = reply.problem() {
        overloaded = problem.kind == kind::OVERLOADED;
        texts = vec![problem.detail, problem.title];
        fields = problem.errors;
    }
    fields.retain(|error| !error.message.trim().is_empty());
    let text = texts.into_iter().find(|text| !text.trim().is_empty());
    // The page counts down, so a text that says how long would soon be wrong.
    let text = text.filter(|text| retry_after.is_none() || !text.contains("again in"));
    let message = match text {
        _ if !fields.is_empty() => String::new(),
        Some(text) => text,
        None => without_problem(status).to_owned(),
    };
    Fault { status, message, fields, retry_after, overloaded }
}

fn without_problem(status: u16) -> &'static str {
    match status {
        429 => "Too many attempts.",
        503 => "The server is busy.",
        500..=599 => "Something went wrong on the server. Try again in a moment.",
        _ => "The server did not accept the request. Reload the page and try again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::problem;
    use hallpass_contract::UserBody;

    fn fault_of(reply: Reply) -> Fault {
        expect::<UserBody>(&Some(reply), 200).unwrap_err()
    }

    #[test]
    fn a_problem_is_told_in_its_own_words() {
        let fault = fault_of(problem(409, "That username is taken.", &[]));
        assert_eq!(fault.message, "That username is taken.");
        assert_eq!((fault.status, fault.fields.len()), (409, 0));
    }

    #[test]
    fn a_problem_with_fields_leaves_the_telling_to_the_fields() {
        let fault =
            fault_of(problem(422, "the request breaks a rule", &[("password", "too short")]));
        assert_eq!(fault.message, "");
        assert_eq!(fault.fields[0].field, "password");
    }

    #[test]
    fn a_busy_server_says_when_to_come_back_and_not_in_its_message() {
        let seconds = [
            (503, "7", Some(7)),
            (429, " 1 ", Some(1)),
            (503, "Wed, 21 Oct 2026 07:28:00 GMT", None),
            (500, "7", None),
        ];
        for (status, header, retry_after) in seconds {
            let reply = Reply { retry_after: header.into(), ..problem(status, "Busy.", &[]) };
            let fault = fault_of(reply);
            assert_eq!((fault.message.as_str(), fault.retry_after), ("Busy.", retry_after));
        }
    }

    #[test]
    fn a_time_to_wait_that_would_soon_be_wrong_is_left_out_of_the_message() {
        for (status, detail, message) in [
            (503, "Too many people are signing in; try again in 7 s.", "The server is busy."),
            (429, "Too many attempts; try again in 2 minutes.", "Too many attempts."),
        ] {
            let busy = Reply { retry_after: "7".into(), ..problem(status, detail, &[]) };
            assert_eq!(fault_of(busy).message, message);
            assert_eq!(fault_of(problem(status, detail, &[])).message, detail, "nothing counts");
        }
    }

    #[test]
    fn no_fault_is_without_words() {
        let no_words: [&[(&str, &str)]; 3] = [&[], &[("after", "")], &[("after", " "), ("", "")]];
        for status in [200, 400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503] {
            for errors in no_words {
                let fault = fault_of(problem(status, " ", errors));
                assert!(!fault.message.trim().is_empty(), "{status} {errors:?}");
            }
            let named = fault_of(problem(status, "", &[("after", "Give an id."), ("limit", "")]));
            assert!(!named.in_words().is_empty(), "{status}");
        }
    }

    #[test]
    fn an_answer_that_is_no_problem_document_is_still_told_in_words() {
        for status in [400, 404, 413, 429, 500, 502, 503] {
            let html = Reply {
                status,
                content_type: "text/html".into(),
                body: "<h1>Bad Gateway</h1>".into(),
                ..Reply::default()
            };
            let message = fault_of(html).message;
            assert!(message.ends_with('.') && !message.contains('<'), "{status}: {message}");
        }
    }

    #[test]
    fn a_success_without_the_promised_body_is_a_fault() {
        let reply = Reply { status: 200, body: "<html>".into(), ..Reply::default() };
        assert!(fault_of(reply).message.contains("unexpected"));
    }

    #[test]
    fn no_answer_at_all_is_a_fault() {
        let fault = expect::<UserBody>(&None, 200).unwrap_err();
        assert!(fault.message.contains("could not be reached"));
    }
}
