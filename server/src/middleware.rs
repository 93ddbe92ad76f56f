//! What happens around every request: its id, its log line, the headers of every answer, and a
//! 500 if a handler panics.

use std::fmt;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures_util::FutureExt as _;
use http::header::{CACHE_CONTROL, HOST, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Request, StatusCode, Version};
use hyper::body::Incoming;
use tower_service::Service as _;
use tracing::Instrument as _;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use crate::filters::to_reply;
use crate::problem::Problem;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Answers one request.
pub async fn handle(
    routes: BoxedFilter<(Response,)>,
    request: Request<Incoming>,
    peer: SocketAddr,
    ids: &RequestIds,
) -> Response {
    let id = ids.next();
    let span = tracing::error_span!("request", %id);
    let mut response = logged(routes, request, peer).instrument(span).await;
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        headers.insert(X_REQUEST_ID, id);
    }
    response
}

async fn logged(
    routes: BoxedFilter<(Response,)>,
    mut request: Request<Incoming>,
    peer: SocketAddr,
) -> Response {
    let started = Instant::now();
    // For the filters: warp's own `remote` knows nothing of our accept loop.
    request.extensions_mut().insert(peer);
    // The path alone: a query may hold what must not be logged.
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = caught(routes, request).await;
    let status = response.status();
    let duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(%method, path, status = status.as_u16(), duration_us, %peer, "answered")
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

async fn caught(routes: BoxedFilter<(Response,)>, request: Request<Incoming>) -> Response {
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
#[derive(Debug)]
pub struct RequestIds {
    process: u32,
    count: AtomicU64,
}

impl RequestIds {
    /// A new series.
    pub fn start() -> Self {
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

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:08x}", self.process, self.count)
    }
}
