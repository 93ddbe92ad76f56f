//! The HTTP clients that carry a target's requests.

use anyhow::Context;
use bytes::Bytes;
use http::{Request, Response};
use reqwest::{Client, Url, redirect};

use super::args::TargetArgs;
use super::outcome::Failure;

/// What all clients have in common.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    timeout: std::time::Duration,
    /// `None` without TLS.
    accept_invalid_certs: Option<bool>,
}

impl Clients {
    pub(crate) fn new(host: &Url, args: &TargetArgs) -> Self {
        let tls = host.scheme() == "https";
        Self {
            timeout: args.timeout,
            accept_invalid_certs: tls.then_some(args.accept_invalid_certs),
        }
    }

    /// A client with connections of its own, as a user has. It follows no redirect and uses no
    /// proxy: either would put another server's time into the figures. It keeps no cookies: a
    /// refresh cookie that only https may carry goes with its request all the same.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        let builder = Client::builder()
            .user_agent(concat!("hallpass-loadtest/", env!("CARGO_PKG_VERSION")))
            .timeout(self.timeout)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .no_gzip();
        let builder = match self.accept_invalid_certs {
            Some(accept) => builder.tls_danger_accept_invalid_certs(accept),
            // Without TLS the machine's certificates need not be read, once for each of many users.
            None => builder.tls_certs_only([]),
        };
        builder.build().context("cannot set up an HTTP client")
    }
}

/// Sends a target's request and reads the whole answer; once more if the server closed the
/// connection as the request left.
pub(crate) async fn send(
    client: &Client,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Failure> {
    let request = reqwest::Request::try_from(request).map_err(|e| Failure::transport(&e))?;
    let again = request.try_clone();
    let answer = match (client.execute(request).await, again) {
        (Err(error), Some(again)) if is_closed(&error) => client.execute(again).await,
        (answer, _) => answer,
    };
    whole(answer.map_err(|e| Failure::transport(&e))?).await
}

/// Whether the connection ended before there was an answer.
fn is_closed(error: &reqwest::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        let incomplete = |error: &hyper::Error| error.is_incomplete_message();
        let reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
        if error.downcast_ref().is_some_and(incomplete) || error.downcast_ref().is_some_and(reset) {
            return true;
        }
        source = error.source();
    }
    false
}

/// The answer with its body.
pub(crate) async fn whole(mut answer: reqwest::Response) -> Result<Response<Bytes>, Failure> {
    let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
    let body = answer.bytes().await.map_err(|error| Failure::transport(&error))?;
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
