//! The accept loop. `warp::serve` has no timer, so a silent client would keep its connection for
//! ever; here every wait has an end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;

use crate::middleware::Service;

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

/// Answers with `service` what comes to `listener`, until `shutdown`; then takes no new
/// connections and lets the open requests finish within [`Limits::drain`].
pub async fn serve(
    listener: TcpListener,
    service: Service,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) {
    let server = Server {
        service: Arc::new(service),
        limits,
        permits: Arc::new(Semaphore::new(limits.max_connections)),
        graceful: GracefulShutdown::new(),
    };
    tokio::select! {
        () = server.accept(&listener) => {}
        () = shutdown => {}
    }
    drop(listener);
    let open = server.graceful.count();
    tracing::info!(open_connections = open, "shutting down");
    if tokio::time::timeout(limits.drain, server.graceful.shutdown()).await.is_err() {
        tracing::warn!(drain = ?limits.drain, "requests were cut off at the drain timeout");
    }
}

struct Server {
    service: Arc<Service>,
    limits: Limits,
    permits: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl Server {
    async fn accept(&self, listener: &TcpListener) {
        // The semaphore is never closed.
        while let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await {
            match listener.accept().await {
                Ok((stream, peer)) => self.spawn(stream, peer, permit),
                Err(error) if is_peers_fault(&error) => {}
                Err(error) => {
                    tracing::error!("can't accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                }
            }
        }
    }

    fn spawn(&self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        let (service, limits) = (Arc::clone(&self.service), self.limits);
        let watcher = self.graceful.watcher();
        tokio::spawn(async move {
            connection(stream, peer, service, limits, watcher).await;
            drop(permit);
        });
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    service: Arc<Service>,
    limits: Limits,
    watcher: Watcher,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, "can't set TCP_NODELAY: {error}");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.write));
    let service = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(service.answer(request, peer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(READ_BUFFER_BYTES)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, "connection ended: {error}");
    }
}

/// The client was gone before it was accepted: nothing to wait for.
fn is_peers_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}
