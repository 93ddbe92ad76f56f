//! What happens around every request: its id, its log line, the headers of every answer, and a
//! 500 if a handler panics.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use data_encoding::HEXLOWER;
use futures_util::FutureExt as _;
use hallpass_contract::path;
use http::header::HOST;
use http::{HeaderValue, Method, Request, StatusCode, Version};
use hyper::body::Incoming;
use tower_service::Service as _;
use tracing::Instrument as _;
use warp::reply::Response;

use crate::answer::{X_REQUEST_ID, harden};
use crate::auth;
use crate::client;
use crate::filters::{Route, Table, to_reply};
use crate::handlers::guarded;
use crate::metrics::Series;
use crate::problem::Problem;
use crate::state::App;

/// What answers the requests of all connections.
pub struct Service {
    table: Table,
    /// Counts what is [answered at once](Self::at_once).
    verified: Series,
    app: App,
    ids: RequestIds,
}

impl Service {
    /// Answers with this table of routes, which has the same state.
    pub fn new(table: Table, app: App) -> Self {
        let verified = app.metrics.http.series(path::VERIFY, "GET");
        Self { table, verified, app, ids: RequestIds::start() }
    }

    /// The server that it answers for.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response {
        let (id, started) = (self.ids.next(), Instant::now());
        let mut response = match self.at_once(&request) {
            Some(response) => {
                self.verified.observe(response.status(), started.elapsed());
                response
            }
            None => {
                let span = tracing::error_span!("request", %id);
                // On the heap, or each connection had room for the largest of all handlers.
                let client = client::address(peer.ip(), request.headers(), &self.app.proxies);
                let answer = logged(&self.table, request, peer, client).instrument(span);
                let answer = Box::pin(answer);
                let mut response = answer.await;
                harden(response.headers_mut());
                response
            }
        };
        response.headers_mut().insert(X_REQUEST_ID, id.to_header());
        response
    }

    /// The answer to `GET /api/verify` with a token that was accepted before, which is what a proxy
    /// asks for each of its own requests. The table would answer the same, more slowly; it
    /// answers whatever else there is to say, and where each request is to be logged.
    fn at_once(&self, request: &Request<Incoming>) -> Option<Response> {
        let is_verify = request.method() == Method::GET && request.uri().path() == path::VERIFY;
        if !is_verify || tracing::enabled!(tracing::Level::DEBUG) || check(request).is_err() {
            return None;
        }
        let bearer = auth::known_bearer(&self.app, request.headers())?;
        guarded::verified(&bearer).ok().map(|response| to_reply(Ok(response)))
    }
}

async fn logged(
    table: &Table,
    mut request: Request<Incoming>,
    peer: SocketAddr,
    client: IpAddr,
) -> Response {
    let started = Instant::now();
    // For the filters: warp's own `remote` knows nothing of our accept loop.
    request.extensions_mut().insert(peer);
    // The path alone: a query may hold what must not be logged.
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = caught(table.route.clone(), request).await;
    let (status, elapsed) = (response.status(), started.elapsed());
    table.series.observe(&path, &method, status, elapsed);
    let duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(%method, path, status = status.as_u16(), duration_us, %client, "answered")
        };
    }
    if status.is_server_error() {
        log!(warn);
    } else if status.is_client_error() {
        log!(info);
    } else {
        log!(debug);
    }
    response
}

async fn caught(routes: Route, request: Request<Incoming>) -> Response {
    // The call itself runs filters already, so it belongs inside.
    let answer = async move {
        match check(&request) {
            Ok(()) => warp::service(routes).call(request).await,
            Err(problem) => Ok(to_reply(Err(problem))),
        }
    };
    match AssertUnwindSafe(answer).catch_unwind().await {
        Ok(Ok(response)) => response,
        // The hook has logged the panic by now.
        Err(_) => to_reply(Err(Problem::internal(anyhow::anyhow!("a handler panicked")))),
    }
}

/// What must hold for every request, and warp does not look at.
fn check(request: &Request<Incoming>) -> Result<(), Problem> {
    // CONNECT names a host and no path; we are no proxy.
    if request.uri().path_and_query().is_none() {
        return Err(Problem::method_not_allowed("GET, HEAD, POST"));
    }
    // RFC 9112 section 3.2.
    let hosts = request.headers().get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "Send one Host header."));
    }
    Ok(())
}

/// Numbers the requests: a random number per process, so that ids of several runs do not mix in a
/// log, and a count.
struct RequestIds {
    process: u32,
    count: AtomicU64,
}

impl RequestIds {
    fn start() -> Self {
        Self { process: getrandom::u32().unwrap_or_default(), count: AtomicU64::new(1) }
    }

    fn next(&self) -> RequestId {
        RequestId { process: self.process, count: self.count.fetch_add(1, Ordering::Relaxed) }
    }
}

#[derive(Clone, Copy)]
struct RequestId {
    process: u32,
    count: u64,
}

impl RequestId {
    /// As it is displayed, in less time: each answer has one.
    fn to_header(self) -> HeaderValue {
        let Ok(count) = u32::try_from(self.count) else {
            return HeaderValue::try_from(self.to_string()).expect("digits and a hyphen");
        };
        let mut text = [b'-'; 17];
        HEXLOWER.encode_mut(&self.process.to_be_bytes(), &mut text[..8]);
        HEXLOWER.encode_mut(&count.to_be_bytes(), &mut text[9..]);
        HeaderValue::from_bytes(&text).expect("digits and a hyphen")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:08x}", self.process, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_a_header_is_the_one_in_the_log() {
        for count in [0, 1, 0xabcd, u32::MAX.into(), u64::from(u32::MAX) + 1, u64::MAX] {
            for process in [0, 0x0123_4567, u32::MAX] {
                let id = RequestId { process, count };
                assert_eq!(id.to_header(), id.to_string());
            }
        }
    }
}
