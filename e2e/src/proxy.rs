//! Stands between the browser and a test's own server, under the one origin that the browser knows:
//! so the server can restart behind it, go away, be slow or fail, at a moment that the test
//! chooses.

mod forward;
mod rules;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Result;
use forward::Forward;
pub use rules::{Answer, Held};
use rules::{Pattern, Rules};

/// A request that the browser made.
#[derive(Clone, Debug)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// The path, with the query.
    pub path: String,
    /// Its headers, as the browser wrote them.
    pub headers: HeaderMap,
    /// The answer's status; none while there is no answer.
    pub status: Option<u16>,
    /// When it arrived.
    pub arrived: Instant,
}

impl Request {
    /// The Authorization header, if there is one.
    pub fn authorization(&self) -> Option<&str> {
        self.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok())
    }
}

/// A reverse proxy on a loopback port. It ends with its handle.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: Mutex<Option<SocketAddr>>,
    offline: watch::Sender<bool>,
    rules: Rules,
    log: Mutex<Vec<Request>>,
    forward: Forward,
}

impl Proxy {
    /// Starts to listen; with no server behind it, each connection is closed without an answer.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream: Mutex::default(),
            offline: watch::Sender::new(false),
            rules: Rules::default(),
            log: Mutex::default(),
            forward: Forward::new(),
        });
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { address, shared, accepting })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where requests go from now on.
    pub(crate) fn forward_to(&self, upstream: Option<SocketAddr>) {
        *self.shared.upstream.lock().expect("no panic while it is held") = upstream;
    }

    /// Closes all connections, and each new one, until it is set back.
    pub(crate) fn set_offline(&self, offline: bool) {
        self.shared.offline.send_replace(offline);
    }

    pub(crate) fn hold(&self, pattern: &str) -> Held {
        self.shared.rules.hold(Pattern::new(pattern))
    }

    pub(crate) fn answer(&self, pattern: &str, times: usize, answer: Answer) {
        self.shared.rules.answer(Pattern::new(pattern), times, answer);
    }

    /// The requests that match, oldest first.
    pub(crate) fn requests(&self, pattern: &str) -> Vec<Request> {
        let pattern = Pattern::new(pattern);
        let mut requests = self.all_requests();
        requests.retain(|request| pattern.matches(&request.method, &request.path));
        requests
    }

    pub(crate) fn all_requests(&self) -> Vec<Request> {
        self.shared.log.lock().expect("no panic while it is held").clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(serve(stream, shared.clone()));
    }
}

/// Serves a connection until it ends or the network does.
async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut offline = shared.offline.subscribe();
    let service = service_fn(|request| shared.handle(request));
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = connection => {}
        _ = offline.wait_for(|offline| *offline) => {}
    }
}

impl Shared {
    async fn handle(&self, request: forward::Incoming) -> Result<forward::Outgoing> {
        let (method, path) = (request.method().to_string(), request.uri().to_string());
        let entry = self.record(&request);
        self.rules.wait(&method, &path).await;
        let answer = match self.rules.take_answer(&method, &path) {
            Some(answer) => answer.into_response()?,
            None => {
                let upstream = *self.upstream.lock().expect("no panic while it is held");
                self.forward.send(request, upstream).await?
            }
        };
        let mut log = self.log.lock().expect("no panic while it is held");
        log[entry].status = Some(answer.status().as_u16());
        Ok(answer)
    }

    fn record(&self, request: &forward::Incoming) -> usize {
        let mut log = self.log.lock().expect("no panic while it is held");
        log.push(Request {
            method: request.method().to_string(),
            path: request.uri().to_string(),
            headers: request.headers().clone(),
            status: None,
            arrived: Instant::now(),
        });
        log.len() - 1
    }
}

#[cfg(test)]
mod tests;
