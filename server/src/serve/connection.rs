//! One connection, from its acceptance to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderValue;
use http::header::CONNECTION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;
use warp::reply::Response;

use super::idlers::Membership;
use super::timer::ConnectionTimer;
use super::{Answer, Limits};
use crate::shutdown::{Shutdown, Stage};

/// The size of a connection's read buffer, in bytes. A header section about twice as long gets a
/// 431.
const READ_BUFFER_BYTES: usize = 32 * 1024;

/// What the requests of a connection share.
struct Shared {
    shutdown: Shutdown,
    /// Whether a complete request head has ever arrived.
    was_asked: AtomicBool,
    /// The connection's place among the idle ones, for listeners that make room for others.
    membership: Option<Membership>,
}

impl Shared {
    fn begins(&self) {
        self.was_asked.store(true, Ordering::Relaxed);
        if let Some(membership) = &self.membership {
            membership.is_busy();
        }
    }

    fn ends(&self, response: &mut Response) {
        if let Some(membership) = &self.membership {
            membership.is_idle();
        }
        if self.shutdown.closes_connections() {
            // hyper then closes the connection, and the header tells the client so.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    /// Waits until the connection has to end to make room for another.
    async fn cut(&self) {
        match &self.membership {
            Some(membership) => membership.cut().await,
            None => std::future::pending().await,
        }
    }
}

/// Answers the requests of a connection until either side closes it.
pub(super) async fn run<F: Future<Output = Response> + Send + 'static>(
    stream: TcpStream,
    peer: SocketAddr,
    answer: impl Answer<F>,
    limits: Limits,
    shutdown: Shutdown,
    membership: Option<Membership>,
) -> hyper::Result<()> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, "can't set TCP_NODELAY: {error}");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.write));
    let closing = shutdown.clone();
    let shared = Arc::new(Shared { shutdown, was_asked: AtomicBool::new(false), membership });
    let state = Arc::clone(&shared);
    let service = service_fn(move |request| {
        shared.begins();
        let (answered, shared) = (answer(request, peer), Arc::clone(&shared));
        async move {
            let mut response = answered.await;
            shared.ends(&mut response);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(ConnectionTimer::default())
        .header_read_timeout(limits.headers)
        .max_buf_size(READ_BUFFER_BYTES)
        // Our answers are small. Copying a body behind its head costs less than writing two pieces.
        .writev(false)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut connection = pin!(connection);
    tokio::select! {
        // Polled first, so that all that has arrived is read before the connection counts as idle.
        biased;
        ended = connection.as_mut() => return ended,
        () = closing.reached(Stage::Closing) => {}
        () = state.cut() => return Ok(()),
    }
    if !state.was_asked.load(Ordering::Relaxed) {
        // The client is silent, or in the middle of its first head, for which hyper would wait.
        return Ok(());
    }
    // Closes the connection at once if it is idle or in the middle of a later head, otherwise after
    // the answer.
    connection.as_mut().graceful_shutdown();
    connection.await
}
