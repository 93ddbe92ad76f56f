//! Requests of the set-up: sent again while the server asks to come back later, with messages that
//! say what to do.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Request, Response, StatusCode};

use super::provision::Provisioner;
use crate::sut::{Call, Failure, Outcome, send};

impl Provisioner<'_> {
    /// Sends a request, again and again while the server asks to come back later.
    pub(super) async fn ask(
        &self,
        call: Call,
        request: impl Fn() -> Request<Bytes>,
    ) -> anyhow::Result<Response<Bytes>> {
        let answer = self.ask_once_free(request).await?;
        match self.target.classify(call, answer.status()) {
            Outcome::Ok => Ok(answer),
            _ => Err(self.refusal(call, &answer)),
        }
    }

    /// The first answer that does not ask to come back later, or the last one before the deadline.
    pub(super) async fn ask_once_free(
        &self,
        request: impl Fn() -> Request<Bytes>,
    ) -> anyhow::Result<Response<Bytes>> {
        loop {
            let sent = send(&self.client, request()).await;
            let answer = sent.map_err(|failure| self.unreachable(&failure))?;
            match pause_asked_for(answer.status(), answer.headers()) {
                Some(pause) if Instant::now() + pause < self.deadline => {
                    tokio::time::sleep(pause).await;
                }
                _ => return Ok(answer),
            }
        }
    }

    pub(super) fn unreachable(&self, failure: &Failure) -> anyhow::Error {
        let host = self.target.host().as_str().trim_end_matches('/');
        match failure.kind.as_str() {
            "no connection" => {
                anyhow!("cannot connect to {host}; is a server running there? ({})", failure.detail)
            }
            _ => anyhow!("no answer from {host}: {failure}"),
        }
    }

    pub(super) fn refusal(&self, call: Call, answer: &Response<Bytes>) -> anyhow::Error {
        let (method, path) = self.target.endpoint(call);
        let status = answer.status();
        let problem = serde_json::from_slice::<hallpass_contract::Problem>(answer.body()).ok();
        let detail = problem.map_or_else(String::new, |problem| {
            let fields = problem.errors.iter().map(|e| format!("; {}: {}", e.field, e.message));
            format!(": {}{}", problem.detail, fields.collect::<String>())
        });
        anyhow!("{method} {path} answered {status}{detail}{}", advice(status))
    }
}

/// How long the server wants a client to wait before it tries again: the `Retry-After` of a 429 or
/// 503 in seconds (RFC 9110 section 10.2.3), else 1 s. `None` if trying again is of no use.
fn pause_asked_for(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds: Option<u64> = text.and_then(|text| text.parse().ok());
    Some(Duration::from_secs(seconds.unwrap_or(1).max(1)))
}

/// What to do about a refused set-up call.
fn advice(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => {
            "; the load test registers its own accounts: start the server with --registration open"
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            "; raise --provision-timeout, or ask for fewer accounts"
        }
        StatusCode::NOT_FOUND => "; is it the right --target for this --host?",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(retry_after: &str) -> HeaderMap {
        HeaderMap::from_iter([(RETRY_AFTER, retry_after.parse().unwrap())])
    }

    #[test]
    fn retry_after_is_honoured_for_overload_and_throttling_only() {
        let seconds = |n| Some(Duration::from_secs(n));
        let (many, unavailable) = (StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(pause_asked_for(many, &headers("7")), seconds(7));
        assert_eq!(pause_asked_for(unavailable, &headers("0")), seconds(1));
        assert_eq!(pause_asked_for(StatusCode::CONFLICT, &headers("7")), None);
        assert_eq!(pause_asked_for(StatusCode::INTERNAL_SERVER_ERROR, &headers("7")), None);
    }

    #[test]
    fn a_date_or_no_retry_after_means_a_second() {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        for headers in [headers("Wed, 21 Oct 2026 07:28:00 GMT"), HeaderMap::new()] {
            assert_eq!(pause_asked_for(status, &headers), Some(Duration::from_secs(1)));
        }
    }
}
