//! Rules of the proxy: requests that wait, and requests that are answered in the server's place.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::{Either, Full};
use tokio::sync::watch;

use super::forward::Outgoing;
use crate::{Result, eventually};

/// Requests of one path, and perhaps of one method: `/api/me` or `POST /api/login`.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    method: Option<String>,
    path: String,
}

impl Pattern {
    pub(super) fn new(pattern: &str) -> Self {
        match pattern.split_once(' ') {
            Some((method, path)) => Self { method: Some(method.to_owned()), path: path.to_owned() },
            None => Self { method: None, path: pattern.to_owned() },
        }
    }

    pub(super) fn matches(&self, method: &str, path_and_query: &str) -> bool {
        let path = path_and_query.split('?').next().unwrap_or_default();
        path == self.path && self.method.as_deref().is_none_or(|wanted| wanted == method)
    }
}

/// An answer that does not come from the server.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// An answer with this status and no body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// Asks the client to come back after so many seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        self
    }

    /// Gives the answer a body, such as the page of a proxy whose server is away.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body = body.into();
        self
    }

    pub(super) fn into_response(self) -> Result<Outgoing> {
        let mut response = Response::new(Either::Right(Full::new(self.body)));
        *response.status_mut() = StatusCode::from_u16(self.status)?;
        *response.headers_mut() = self.headers;
        Ok(response)
    }
}

/// Requests that wait; [`release`](Self::release) or dropping this lets them go on.
#[derive(Debug)]
pub struct Held {
    gate: Arc<Gate>,
}

#[derive(Debug)]
struct Gate {
    pattern: Pattern,
    open: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl Held {
    /// Waits until a request waits here.
    pub async fn arrived(&self) -> Result {
        let Pattern { method, path } = &self.gate.pattern;
        let what = format!("{} {path} is requested", method.as_deref().unwrap_or("any"));
        eventually(&what, async || Ok(*self.gate.waiting.borrow() > 0)).await
    }

    /// How many requests have come here so far.
    pub fn count(&self) -> usize {
        *self.gate.waiting.borrow()
    }

    /// Lets those that wait go on, and all that come later.
    pub fn release(self) {}
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gate.open.send_replace(true);
    }
}

#[derive(Debug, Default)]
pub(super) struct Rules {
    gates: Mutex<Vec<Arc<Gate>>>,
    answers: Mutex<Vec<(Pattern, usize, Answer)>>,
}

impl Rules {
    pub(super) fn hold(&self, pattern: Pattern) -> Held {
        let (open, waiting) = (watch::Sender::new(false), watch::Sender::new(0));
        let gate = Arc::new(Gate { pattern, open, waiting });
        self.gates.lock().expect("no panic while it is held").push(gate.clone());
        Held { gate }
    }

    pub(super) fn answer(&self, pattern: Pattern, times: usize, answer: Answer) {
        let mut answers = self.answers.lock().expect("no panic while it is held");
        answers.push((pattern, times, answer));
    }

    /// Waits as long as the request is held.
    pub(super) async fn wait(&self, method: &str, path: &str) {
        let gates = {
            let mut gates = self.gates.lock().expect("no panic while it is held");
            gates.retain(|gate| !*gate.open.borrow());
            gates.clone()
        };
        for gate in gates.iter().filter(|gate| gate.pattern.matches(method, path)) {
            gate.waiting.send_modify(|waiting| *waiting += 1);
            let _ = gate.open.subscribe().wait_for(|open| *open).await;
        }
    }

    /// The answer to give in the server's place, if there is one left.
    pub(super) fn take_answer(&self, method: &str, path: &str) -> Option<Answer> {
        let mut answers = self.answers.lock().expect("no panic while it is held");
        let matching = |(pattern, left, _): &&mut (Pattern, usize, Answer)| {
            *left > 0 && pattern.matches(method, path)
        };
        let (_, left, answer) = answers.iter_mut().find(matching)?;
        *left -= 1;
        Some(answer.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_path_with_or_without_a_method() {
        let login = Pattern::new("POST /api/login");
        assert!(login.matches("POST", "/api/login?next=%2F"));
        assert!(!login.matches("GET", "/api/login"));
        assert!(!login.matches("POST", "/api/login/x"));
        assert!(Pattern::new("/api/me").matches("DELETE", "/api/me"));
    }

    #[test]
    fn an_answer_is_given_as_often_as_asked_for() {
        let rules = Rules::default();
        rules.answer(Pattern::new("/a"), 2, Answer::status(503));
        rules.answer(Pattern::new("/a"), 1, Answer::status(429));
        let statuses: Vec<_> =
            (0..4).map(|_| rules.take_answer("GET", "/a").map(|answer| answer.status)).collect();
        assert_eq!(statuses, [Some(503), Some(503), Some(429), None]);
        assert!(rules.take_answer("GET", "/b").is_none());
    }
}
