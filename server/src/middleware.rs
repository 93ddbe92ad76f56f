//! What every request goes through: it gets an id and a log line, and its answer the common
//! headers. If a handler panics, the answer is a 500.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use hallpass_contract::path;
use http::header::HOST;
use http::{Method, Request, StatusCode, Uri, Version};
use hyper::body::Incoming;
use tower_service::Service as _;
use tracing::{Instrument as _, Level, Span};
use warp::reply;

use crate::answer::{X_REQUEST_ID, harden};
use crate::filters::{Route, Table, to_reply};
use crate::handlers::guarded;
use crate::metrics::{PathSeries, Series};
use crate::pattern::captured;
use crate::problem::Problem;
use crate::proxies::{self, ForwardingWarning, Peer};
use crate::serve::{Response, known, routed};
use crate::state::App;
use crate::traces;
use ids::{RequestId, RequestIds};

mod ids;

/// Answers the requests of all connections.
pub struct Service {
    table: Table,
    /// Counts the requests that are [answered at once](Self::at_once).
    verified: Series,
    app: App,
    ids: RequestIds,
    forwarding: ForwardingWarning,
}

impl Service {
    /// Answers with this route table, which has the same state.
    pub fn new(table: Table, app: App) -> Self {
        let verified = app.metrics.http.series(path::VERIFY, "GET");
        let forwarding = ForwardingWarning::default();
        Self { table, verified, app, ids: RequestIds::start(), forwarding }
    }

    /// The server's state.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Answers one request.
    pub(crate) async fn answer(&self, mut request: Request<Incoming>, peer: Peer) -> Response {
        let started = Instant::now();
        let id = self.ids.of(request.headers(), peer, &self.app.intake.proxies);
        let asked = (!self.app.site.base().is_empty()).then(|| request.uri().clone());
        let entered = check(&request).and_then(|()| self.enter(&mut request));
        let is_ours = entered.is_ok();
        let admitted = entered.and_then(|()| self.admit(&request, peer));
        let at_once = if admitted.is_ok() { self.at_once(&request) } else { None };
        let mut response = match at_once {
            Some(response) => {
                let (status, elapsed) = (response.status(), started.elapsed());
                self.verified.observe(status, elapsed);
                if tracing::enabled!(Level::DEBUG) {
                    let client = self.client(&request, peer);
                    let (method, path) =
                        (request.method(), asked.as_ref().unwrap_or(request.uri()).path());
                    span(&id, &request).in_scope(|| log(method, path, status, elapsed, client));
                }
                response
            }
            None => {
                let (span, client) = (span(&id, &request), self.client(&request, peer));
                let (headers, proxies) = (request.headers(), &self.app.intake.proxies);
                self.forwarding.look(peer, headers, proxies, &self.app.accounts.clock);
                // On the heap, since otherwise each connection would take as much memory as the
                // largest handler.
                let asked = asked.unwrap_or_else(|| request.uri().clone());
                let path = if is_ours { request.uri().path() } else { "" };
                let (route, series) = (self.table.route.clone(), self.table.series.at(path));
                // Warp's own `remote` does not know our accept loop, so the filters read the
                // address here.
                request.extensions_mut().insert(peer);
                let answer = logged(route, series, asked, request, client, admitted);
                let mut response = routed(Box::pin(answer.instrument(span)).await);
                harden(response.headers_mut(), self.app.site.strict_transport);
                response
            }
        };
        response.headers_mut().insert(X_REQUEST_ID, id.into_header());
        response
    }

    /// The address that the request came from, as proxies tell it.
    fn client(&self, request: &Request<Incoming>, peer: Peer) -> IpAddr {
        proxies::address(peer, request.headers(), &self.app.intake.proxies)
    }

    /// Takes the path below which the server is out of the request's.
    fn enter(&self, request: &mut Request<Incoming>) -> Result<(), Problem> {
        let (site, uri) = (&self.app.site, request.uri());
        let within = site.within(uri.path()).ok_or_else(|| Problem::beside(site.base()))?;
        if within.len() == uri.path().len() {
            return Ok(());
        }
        let target = match uri.query() {
            Some(query) => [within, "?", query].concat(),
            None => within.to_owned(),
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(target.parse().map_err(Problem::internal)?);
        *request.uri_mut() = Uri::from_parts(parts).map_err(Problem::internal)?;
        Ok(())
    }

    /// Refuses the API to a client whose network is blocked. A verification is refused with a 401,
    /// never with a 403: nobody answers that to a proxy.
    fn admit(&self, request: &Request<Incoming>, peer: Peer) -> Result<(), Problem> {
        if !self.app.accounts.has_blocks() {
            return Ok(());
        }
        let (path, client) = (request.uri().path(), self.client(request, peer));
        if !["/api", "/oauth"].iter().any(|api| is_below(path, api))
            || !self.app.accounts.is_blocked(client)
        {
            return Ok(());
        }
        let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
        let is_guard =
            [path::GUARD, path::GUARD_BELOW].iter().any(|at| captured(at, path).is_some());
        if is_guard {
            return Err(Problem::address_blocked_at_proxy());
        }
        match (path == path::VERIFY, is_read) {
            (true, true) => Err(Problem::address_blocked_at_proxy()),
            // It is a 405.
            (true, false) => Ok(()),
            (false, _) => Err(Problem::address_blocked()),
        }
    }

    /// Answers `GET /api/verify` with a cached token. A proxy sends one for each of its own
    /// requests, and the route table would take longer for the same answer. The route table answers
    /// all else. It also answers a verification whose caller wants a trace.
    fn at_once(&self, request: &Request<Incoming>) -> Option<Response> {
        let is_verify = request.method() == Method::GET && request.uri().path() == path::VERIFY;
        if !is_verify || traces::is_wanted(request.headers()) {
            return None;
        }
        let bearer = self.app.authenticator().known_bearer(request.headers())?;
        guarded::verified(&bearer, self.app.site.strict_transport).ok().map(known)
    }
}

async fn logged(
    routes: Route,
    series: PathSeries<'_>,
    asked: Uri,
    request: Request<Incoming>,
    client: IpAddr,
    admitted: Result<(), Problem>,
) -> reply::Response {
    let started = Instant::now();
    // Only the path is logged, since a query may hold secrets.
    let (method, path) = (request.method().clone(), asked.path());
    let trace = traces::request(&method, series.route(), path, request.headers(), client);
    let answer = caught(routes, request, admitted);
    let response = answer.instrument(trace.clone()).await;
    let (status, elapsed) = (response.status(), started.elapsed());
    traces::answered(&trace, status);
    series.observe(&method, status, elapsed);
    log(&method, path, status, elapsed, client);
    response
}

/// What all log lines about a request have in common.
fn span(id: &RequestId, request: &Request<Incoming>) -> Span {
    let traceparent = ids::traceparent(request.headers());
    tracing::error_span!("request", %id, traceparent)
}

/// The log line about an answer.
fn log(method: &Method, path: &str, status: StatusCode, elapsed: Duration, client: IpAddr) {
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
}

/// Whether a path is this one or below it.
fn is_below(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

async fn caught(
    routes: Route,
    request: Request<Incoming>,
    admitted: Result<(), Problem>,
) -> reply::Response {
    // The call itself already runs filters, so it must be inside the block.
    let answer = async move {
        match admitted {
            Ok(()) => warp::service(routes).call(request).await,
            Err(problem) => Ok(to_reply(Err(problem))),
        }
    };
    match AssertUnwindSafe(answer).catch_unwind().await {
        Ok(Ok(response)) => response,
        // The panic hook has already logged the panic.
        Err(_) => to_reply(Err(Problem::internal(anyhow::anyhow!("a handler panicked")))),
    }
}

/// Checks what warp does not check.
fn check(request: &Request<Incoming>) -> Result<(), Problem> {
    // CONNECT names a host and no path. This server is no proxy.
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
