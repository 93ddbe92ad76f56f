//! The HTTP client of an account, and the calls that set accounts up. The measured requests go
//! through Goose, on the same client.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use hallpass_contract::{Credentials, Login, Problem, UserBody, path};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;

use super::args::TargetArgs;

/// What every account's client has in common.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) host: Url,
    timeout: Duration,
    accept_invalid_certs: bool,
}

impl Target {
    pub(crate) fn new(host: Url, args: &TargetArgs) -> Self {
        Self { host, timeout: args.timeout, accept_invalid_certs: args.accept_invalid_certs }
    }

    /// A client with connections of its own, as a user has. It follows no redirect and uses no proxy:
    /// either would put another server's time into the figures.
    ///
    /// # Errors
    ///
    /// The TLS set-up of this machine is unusable.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let builder = Client::builder()
            .user_agent(concat!("hallpass-loadtest/", env!("CARGO_PKG_VERSION")))
            .timeout(self.timeout)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .no_gzip();
        let builder = match self.host.scheme() {
            "https" => builder.tls_danger_accept_invalid_certs(self.accept_invalid_certs),
            // Without TLS the machine's certificates need not be read, once for each of many users.
            _ => builder.tls_certs_only([]),
        };
        builder.build().context("cannot set up an HTTP client")
    }

    /// Registers an account.
    ///
    /// # Errors
    ///
    /// The server refuses it, does not answer, or still asks to come back later at the deadline.
    pub(crate) async fn register(
        &self,
        client: &Client,
        credentials: &Credentials,
        deadline: Instant,
    ) -> anyhow::Result<UserBody> {
        self.post(client, path::REGISTER, credentials, StatusCode::CREATED, deadline).await
    }

    /// Signs an account in; errors as for [`register`](Self::register).
    pub(crate) async fn sign_in(
        &self,
        client: &Client,
        credentials: &Credentials,
        deadline: Instant,
    ) -> anyhow::Result<Login> {
        self.post(client, path::LOGIN, credentials, StatusCode::OK, deadline).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        client: &Client,
        path: &str,
        credentials: &Credentials,
        expected: StatusCode,
        deadline: Instant,
    ) -> anyhow::Result<T> {
        let url = self.host.join(path).context("the API's paths are relative references")?;
        loop {
            let sent = client.post(url.clone()).json(credentials).send().await;
            let answer = sent.map_err(|error| self.unreachable(error))?;
            let status = answer.status();
            if status == expected {
                let body = answer.bytes().await.map_err(|error| self.unreachable(error))?;
                return serde_json::from_slice(&body)
                    .with_context(|| format!("POST {path} answered {status} with a wrong body"));
            }
            let pause = pause_asked_for(status, answer.headers());
            match pause {
                Some(pause) if Instant::now() + pause < deadline => tokio::time::sleep(pause).await,
                _ => bail!("POST {path} answered {}{}", refusal(answer).await, advice(status)),
            }
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        let host = self.host.as_str().trim_end_matches('/').to_owned();
        let what = match () {
            () if error.is_connect() => {
                format!("cannot connect to {host}; is a server running there?")
            }
            () if error.is_timeout() => format!("{host} did not answer in time"),
            () => format!("no answer from {host}"),
        };
        anyhow!(error.without_url()).context(what)
    }
}

/// How long the server wants a client to wait before it tries again: a 429 or 503's `Retry-After` in
/// seconds (RFC 9110 section 10.2.3), 1 s where it names none. `None` if trying again is of no use.
fn pause_asked_for(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds: Option<u64> = text.and_then(|text| text.parse().ok());
    Some(Duration::from_secs(seconds.unwrap_or(1).max(1)))
}

/// The status and what the problem document says.
async fn refusal(answer: Response) -> String {
    let status = answer.status();
    let body = answer.bytes().await.unwrap_or_default();
    let Ok(problem) = serde_json::from_slice::<Problem>(&body) else {
        return status.to_string();
    };
    let fields: String =
        problem.errors.iter().map(|e| format!("; {}: {}", e.field, e.message)).collect();
    format!("{status}: {}{fields}", problem.detail)
}

/// What to do about a refused set-up call.
fn advice(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => {
            "; the load test registers its own accounts: start the server with --registration open"
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            "; raise --provision-timeout, or lower --users"
        }
        StatusCode::NOT_FOUND => "; is --host a Hallpass server?",
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
