//! The accept loop. `warp::serve` has no timer, so a silent client would keep its connection for
//! ever; here every wait has an end.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use warp::reply::Response;

use crate::metrics::Connections;
use crate::middleware::Service;
use timer::ConnectionTimer;

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
    /// How long open requests may take to finish after the shutdown signal.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            headers: Duration::from_secs(30),
            write: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// The read buffer of a connection, in bytes; a header section that is about twice as long is a 431.
const READ_BUFFER_BYTES: usize = 32 * 1024;

/// How long to wait when a connection can't be accepted for lack of file descriptors or memory.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// How many connections may wait to be accepted; the kernel has a limit of its own (`somaxconn`, usually the
/// same). Beyond it first packets are dropped, and a client tries again only a second later: with the
/// usual 128 that happens to a crowd that comes back after an outage.
const BACKLOG: u32 = 4096;

/// Takes an address, `HOST:PORT`, of which the host may be a name.
///
/// # Errors
///
/// The name is unknown, or nobody can listen there.
pub async fn bind(address: &str) -> io::Result<TcpListener> {
    let mut outcome = Err(io::Error::new(ErrorKind::AddrNotAvailable, "it has no address"));
    for address in lookup_host(address).await? {
        outcome = listen(address);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // So that a server can be started again while connections of the last one linger.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers with `service` what comes to `listener`, until `shutdown`; then takes no new
/// connections and lets the open requests finish within [`Limits::drain`].
pub async fn serve(
    listener: TcpListener,
    service: Service,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let connections = service.metrics().connections.clone();
    let service = Arc::new(service);
    let answer = move |request, peer| {
        let service = Arc::clone(&service);
        async move { service.answer(request, peer).await }
    };
    serve_with(listener, answer, limits, connections, shutdown).await;
}

/// What answers the requests of a listener, each with the address of who sent it.
pub(crate) trait Answer<F>:
    Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static
{
}

impl<F, A: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static> Answer<F> for A {}

/// As [`serve`], for any kind of service.
pub(crate) async fn serve_with<F: Future<Output = Response> + Send + 'static>(
    listener: TcpListener,
    answer: impl Answer<F>,
    limits: Limits,
    connections: Connections,
    shutdown: impl Future<Output = ()>,
) {
    connections.set_limit(limits.max_connections);
    let server = Server {
        answer,
        limits,
        connections,
        permits: Arc::new(Semaphore::new(limits.max_connections)),
        graceful: GracefulShutdown::new(),
    };
    tokio::select! {
        () = server.accept(&listener) => {}
        () = shutdown => {}
    }
    let address = listener.local_addr().ok();
    drop(listener);
    let open = server.graceful.count();
    tracing::info!(
        address = address.map(tracing::field::display),
        open_connections = open,
        "shutting down"
    );
    if tokio::time::timeout(limits.drain, server.graceful.shutdown()).await.is_err() {
        tracing::warn!(drain = ?limits.drain, "requests were cut off at the drain timeout");
    }
}

struct Server<A> {
    answer: A,
    limits: Limits,
    connections: Connections,
    permits: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl<A> Server<A> {
    async fn accept<F>(&self, listener: &TcpListener)
    where
        A: Answer<F>,
        F: Future<Output = Response> + Send + 'static,
    {
        while let Some(permit) = self.permit().await {
            match listener.accept().await {
                Ok((stream, peer)) => self.spawn(stream, peer, permit),
                Err(error) if is_peers_fault(&error) => {}
                Err(error) => {
                    self.connections.accept_failed();
                    tracing::error!("can't accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
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

    fn spawn<F>(&self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit)
    where
        A: Answer<F>,
        F: Future<Output = Response> + Send + 'static,
    {
        let (answer, limits) = (self.answer.clone(), self.limits);
        let (connections, open) = (self.connections.clone(), self.connections.accepted());
        let watcher = self.graceful.watcher();
        tokio::spawn(async move {
            if let Err(error) = connection(stream, peer, answer, limits, watcher).await {
                connections.failed(&error);
                tracing::debug!(%peer, "connection ended: {error}");
            }
            drop((permit, open));
        });
    }
}

async fn connection<F: Future<Output = Response> + Send + 'static>(
    stream: TcpStream,
    peer: SocketAddr,
    answer: impl Answer<F>,
    limits: Limits,
    watcher: Watcher,
) -> hyper::Result<()> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, "can't set TCP_NODELAY: {error}");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.write));
    let service = service_fn(move |request| {
        let answered = answer(request, peer);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let connection = http1::Builder::new()
        .timer(ConnectionTimer::default())
        .header_read_timeout(limits.headers)
        .max_buf_size(READ_BUFFER_BYTES)
        // Our answers are small: to copy one beside its head costs less than to write two pieces.
        .writev(false)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    watcher.watch(connection).await
}

/// The client was gone before it was accepted: nothing to wait for.
fn is_peers_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}
