//! The accept loop. `warp::serve` has no timer, so a silent client would keep its connection for
//! ever; here every wait has an end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use warp::reply::Response;

use crate::metrics::Connections;
use crate::middleware::Service;
use crate::shutdown::{Shutdown, Stage};
pub use listener::bind;
use listener::is_peers_fault;

mod connection;
mod listener;
mod timer;

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections at once; more wait in the listener's backlog.
    pub max_connections: usize,
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
            headers: Duration::from_secs(30),
            write: Duration::from_secs(30),
            // More than a packet takes to the other end of the world and back.
            last_call: Duration::from_millis(250),
            drain: Duration::from_secs(8),
        }
    }
}

/// How long to wait when a connection can't be accepted for lack of file descriptors or memory.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

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
    let shutdown = service.app().shutdown.clone();
    let service = Arc::new(service);
    let answer = move |request, peer| {
        let service = Arc::clone(&service);
        async move { service.answer(request, peer).await }
    };
    Server::new(answer, limits, connections, shutdown).run(listener, stop).await;
}

/// What answers the requests of a listener, each with the address of who sent it.
pub(crate) trait Answer<F>:
    Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static
{
}

impl<F, A: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static> Answer<F> for A {}

/// Serves one listener, whatever its service is.
pub(crate) struct Server<A> {
    answer: A,
    limits: Limits,
    connections: Connections,
    permits: Arc<Semaphore>,
    shutdown: Shutdown,
    /// The connections that are open.
    open: TaskTracker,
}

impl<A> Server<A> {
    pub(crate) fn new(
        answer: A,
        limits: Limits,
        connections: Connections,
        shutdown: Shutdown,
    ) -> Self {
        connections.set_limit(limits.max_connections);
        let permits = Arc::new(Semaphore::new(limits.max_connections));
        Self { answer, limits, connections, permits, shutdown, open: TaskTracker::new() }
    }

    /// As [`serve`].
    pub(crate) async fn run<F>(self, listener: TcpListener, stop: impl Future<Output = ()>)
    where
        A: Answer<F>,
        F: Future<Output = Response> + Send + 'static,
    {
        tokio::select! {
            () = self.accept(&listener) => {}
            () = stop => {}
        }
        let address = listener.local_addr().ok().map(tracing::field::display);
        tracing::info!(address, open_connections = self.open.len(), "shutting down");
        if timeout(self.limits.drain, self.shut_down(listener)).await.is_err() {
            let drain = self.limits.drain;
            tracing::warn!(?drain, "requests were cut off at the drain timeout");
        }
    }

    async fn accept<F>(&self, listener: &TcpListener)
    where
        A: Answer<F>,
        F: Future<Output = Response> + Send + 'static,
    {
        while let Some(permit) = self.permit().await {
            match listener.accept().await {
                Ok((stream, peer)) => self.spawn(stream, peer, Some(permit)),
                Err(error) if is_peers_fault(&error) => {}
                Err(error) => {
                    self.connections.accept_failed();
                    tracing::error!("can't accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
            }
        }
    }

    /// Whoever sent a whole request by now gets an answer, and so does whoever sends one within
    /// [`Limits::last_call`]: it was on its way, or could not know yet. Then idle connections are
    /// closed, and those in the middle of a request are cut.
    async fn shut_down<F>(&self, listener: TcpListener)
    where
        A: Answer<F>,
        F: Future<Output = Response> + Send + 'static,
    {
        self.shutdown.enter(Stage::LastCall);
        self.open.close();
        self.accept_backlog(listener);
        let _ = timeout(self.limits.last_call, self.open.wait()).await;
        self.shutdown.enter(Stage::Closing);
        self.open.wait().await;
    }

    /// Accepts what the system has accepted already, and closes the listener. A connection that is
    /// refused tells its client to go elsewhere; one that the system drops would lose a request.
    fn accept_backlog<F>(&self, listener: TcpListener)
    where
        A: Answer<F>,
        F: Future<Output = Response> + Send + 'static,
    {
        // The runtime may not have heard of the last ones, so ask the system itself.
        let Ok(listener) = listener.into_std() else { return };
        loop {
            match listener.accept() {
                Ok((stream, peer)) => match registered(stream) {
                    // There may be no place left, but there will be no more of them.
                    Ok(stream) => self.spawn(stream, peer, None),
                    Err(error) => tracing::error!("can't take a connection: {error}"),
                },
                Err(error) if is_peers_fault(&error) => {}
                // Most likely there are no more.
                Err(_) => return,
            }
        }
    }

    /// The right to accept one more connection; always some, since the semaphore is never closed.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Some(permit);
        }
        self.connections.limit_reached();
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    fn spawn<F>(&self, stream: TcpStream, peer: SocketAddr, permit: Option<OwnedSemaphorePermit>)
    where
        A: Answer<F>,
        F: Future<Output = Response> + Send + 'static,
    {
        let (answer, limits, shutdown) = (self.answer.clone(), self.limits, self.shutdown.clone());
        let (connections, open) = (self.connections.clone(), self.connections.accepted());
        self.open.spawn(async move {
            if let Err(error) = connection::run(stream, peer, answer, limits, shutdown).await {
                connections.failed(&error);
                tracing::debug!(%peer, "connection ended: {error}");
            }
            drop((permit, open));
        });
    }
}

/// A connection as the runtime knows it.
fn registered(stream: std::net::TcpStream) -> std::io::Result<TcpStream> {
    stream.set_nonblocking(true)?;
    TcpStream::from_std(stream)
}
