//! The accept loop. `warp::serve` has no timer, so a silent client would keep its connection for
//! ever; here every wait has an end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use tokio::net::TcpListener;

use crate::middleware::Service;
pub use listener::bind;
pub(crate) use server::Server;

mod addresses;
mod connection;
mod idlers;
mod listener;
mod refusal;
mod server;
mod timer;

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections at once; more wait in the listener's backlog.
    pub max_connections: usize,
    /// The most connections at once from one address; more are refused.
    pub max_connections_per_address: usize,
    /// How long a request's headers may take to arrive, counted from the end of the answer before
    /// them: also how long a connection may be idle.
    pub headers: Duration,
    /// How long a client may take to accept more bytes of an answer.
    pub write: Duration,
    /// How long a request that is under way when the shutdown begins may take to arrive.
    pub last_call: Duration,
    /// How long the shutdown may take, from when no connection is accepted any more.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            max_connections_per_address: 1024,
            headers: Duration::from_secs(30),
            write: Duration::from_secs(30),
            // More than a packet takes to the other end of the world and back.
            last_call: Duration::from_millis(250),
            drain: Duration::from_secs(8),
        }
    }
}

/// Answers with `service` what comes to `listener`, until `stop`. Then it takes no new connections and
/// answers what was sent by then, each connection's last request with `Connection: close`. Done within
/// [`Limits::drain`].
pub async fn serve(
    listener: TcpListener,
    service: Service,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let connections = service.app().metrics.connections.clone();
    let (shutdown, proxies) = (service.app().shutdown.clone(), service.app().proxies.clone());
    let service = Arc::new(service);
    let answer = move |request, peer| {
        let service = Arc::clone(&service);
        async move { service.answer(request, peer).await }
    };
    let server = Server::new(answer, limits, connections, shutdown);
    server.with_proxies(proxies).run(listener, stop).await;
}

/// What answers the requests of a listener, each with the address of who sent it.
pub(crate) trait Answer<F>:
    Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static
{
}

impl<F, A: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static> Answer<F> for A {}
