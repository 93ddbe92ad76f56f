//! What goes over the wire: requests, and what their answers mean to a person.

use hallpass_contract::{FieldError, PROBLEM_MEDIA_TYPE, Problem, Secret, path};
use serde::Serialize;
use serde::de::DeserializeOwned;

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
    /// For how many milliseconds an answer is waited for. A hash may have to queue on a busy server; a
    /// refresh hashes nothing, and the page waits for it.
    pub fn patience(&self) -> u32 {
        if self.path == path::REFRESH { 5_000 } else { 30_000 }
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

/// Why a request did not succeed, in words.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fault {
    /// The status, 0 when no answer came.
    pub status: u16,
    /// What to tell the person; empty when the fields' messages say it all.
    pub message: String,
    /// What is wrong with which field of the form.
    pub fields: Vec<FieldError>,
    /// For how many seconds a next attempt is in vain, if the server has said so.
    pub retry_after: Option<u32>,
}

impl Fault {
    /// All of it in words, where there is no form to show fields in.
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

fn fault(reply: &Reply) -> Fault {
    let (mut message, fields) = match reply.problem() {
        Some(problem) if !problem.errors.is_empty() => (String::new(), problem.errors),
        Some(problem) if problem.detail.is_empty() => (problem.title, Vec::new()),
        Some(problem) => (problem.detail, Vec::new()),
        None => (without_problem(reply.status).to_owned(), Vec::new()),
    };
    // A detail that says when is not said twice.
    let told = message.contains("again in");
    let retry_after = reply.retry_after_seconds().filter(|_| matches!(reply.status, 429 | 503));
    if let (Some(seconds), false) = (retry_after, told) {
        message.push_str(&when_to_retry(seconds));
    }
    Fault { status: reply.status, message, fields, retry_after }
}

fn without_problem(status: u16) -> &'static str {
    match status {
        429 => "Too many attempts.",
        503 => "The server is busy.",
        500..=599 => "Something went wrong on the server. Try again in a moment.",
        _ => "The server did not accept the request. Reload the page and try again.",
    }
}

fn when_to_retry(seconds: u32) -> String {
    match seconds {
        0 => " Try again now.".to_owned(),
        1 => " Try again in 1 second.".to_owned(),
        _ => [" Try again in ", &seconds.to_string(), " seconds."].concat(),
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
    fn a_busy_server_says_when_to_come_back() {
        for (status, header, message) in [
            (503, "7", "Busy. Try again in 7 seconds."),
            (429, " 1 ", "Busy. Try again in 1 second."),
            (503, "Wed, 21 Oct 2026 07:28:00 GMT", "Busy."),
            (500, "7", "Busy."),
        ] {
            let reply = Reply { retry_after: header.into(), ..problem(status, "Busy.", &[]) };
            assert_eq!(fault_of(reply).message, message);
        }
    }

    #[test]
    fn a_problem_that_says_when_to_come_back_is_not_repeated() {
        let busy = problem(503, "Too many people; try again in 7 s.", &[]);
        let message = fault_of(Reply { retry_after: "7".into(), ..busy }).message;
        assert_eq!(message, "Too many people; try again in 7 s.");
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
