//! A connection that speaks HTTP/1.1.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderValue;
use http::header::CONNECTION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use warp::reply::Response;

use super::super::Answer;
use super::super::timer::ConnectionTimer;
use super::bounds::{Bounds, READ_BUFFER_BYTES};
use crate::proxies::Peer;
use crate::shutdown::Stage;

/// What the requests of a connection share.
struct Shared {
    bounds: Bounds,
    /// Whether a complete request head has ever arrived.
    was_asked: AtomicBool,
}

impl Shared {
    fn begins(&self) {
        self.was_asked.store(true, Ordering::Relaxed);
        if let Some(membership) = &self.bounds.membership {
            membership.is_busy();
        }
    }

    fn ends(&self, response: &mut Response) {
        if let Some(membership) = &self.bounds.membership {
            membership.is_idle();
        }
        if self.bounds.shutdown.closes_connections() {
            // hyper then closes the connection, and the header tells the client so.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// Answers the requests of a connection until either side closes it.
pub(super) async fn run<F: Future<Output = Response> + Send + 'static>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    answer: impl Answer<F>,
    bounds: Bounds,
) -> hyper::Result<()> {
    let headers = bounds.limits.headers;
    let closing = bounds.shutdown.clone();
    let shared = Arc::new(Shared { bounds, was_asked: AtomicBool::new(false) });
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
        .header_read_timeout(headers)
        .max_buf_size(READ_BUFFER_BYTES)
        // Our answers are small. Copying a body behind its head costs less than writing two pieces.
        .writev(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        // Polled first, so that all that has arrived is read before the connection counts as idle.
        biased;
        ended = connection.as_mut() => return ended,
        () = closing.reached(Stage::Closing) => {}
        () = state.bounds.cut() => return Ok(()),
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
