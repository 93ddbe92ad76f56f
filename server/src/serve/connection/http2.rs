//! A connection that speaks HTTP/2 (RFC 9113).

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderValue, Request};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::super::{Answer, Response};
use super::bounds::{Bounds, READ_BUFFER_BYTES};
use crate::proxies::Peer;
use crate::shutdown::Stage;

/// The most requests of a connection at once. RFC 9113 advises against fewer than 100.
const MAX_STREAMS: u32 = 100;

/// How many bytes of a body may arrive that nobody has read yet: as many as a body may have.
const STREAM_WINDOW_BYTES: u32 = 64 * 1024;

/// The same for all bodies of a connection together.
const CONNECTION_WINDOW_BYTES: u32 = 4 * STREAM_WINDOW_BYTES;

/// How many requests a client may cancel before they are looked at, and how many errors of its
/// requests are forgiven. Then the connection is closed ("rapid reset", CVE-2023-44487).
const MAX_RESETS: usize = 20;

/// How long the client of an idle connection may take to receive the last answers.
const LAST_ANSWERS: Duration = Duration::from_secs(120);

/// The same when the server shuts down. A client that is gone delays the shutdown by as much.
const LAST_ANSWERS_OF_ALL: Duration = Duration::from_secs(2);

/// How long a client that never asked for anything may take to go.
const FAREWELL: Duration = Duration::from_millis(250);

/// The requests of a connection.
#[derive(Clone)]
struct Requests(watch::Sender<Count>);

#[derive(Default)]
struct Count {
    /// How many are being answered.
    active: usize,
    was_asked: bool,
}

impl Requests {
    /// Counts a request until the returned value is dropped.
    fn begin(&self) -> ActiveRequest {
        self.0.send_modify(|count| {
            count.active += 1;
            count.was_asked = true;
        });
        ActiveRequest(self.clone())
    }

    /// Waits until no request has been there for this long.
    async fn idle_for(&self, patience: Duration) {
        let mut count = self.0.subscribe();
        loop {
            // The sender is not dropped meanwhile, so there is no error.
            let _ = count.wait_for(|count| count.active == 0).await;
            if timeout(patience, count.changed()).await.is_err() {
                return;
            }
        }
    }

    async fn none(&self) {
        let _ = self.0.subscribe().wait_for(|count| count.active == 0).await;
    }

    /// Waits as long as the client may take to go. One that was answered gets `patience` as well.
    async fn farewell(&self, patience: Duration) {
        sleep(FAREWELL).await;
        if self.0.borrow().was_asked {
            sleep(patience).await;
        }
    }
}

/// A request that is being answered.
struct ActiveRequest(Requests);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| count.active -= 1);
    }
}

/// Answers the requests of a connection until either side closes it.
pub(super) async fn run<F: Future<Output = Response> + Send + 'static>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    answer: impl Answer<F>,
    bounds: Bounds,
) -> hyper::Result<()> {
    let requests = Requests(watch::Sender::default());
    let count = requests.clone();
    let service = service_fn(move |mut request| {
        let request_is_active = count.begin();
        translate(&mut request);
        let answered = answer(request, peer);
        async move {
            let response = answered.await;
            drop(request_is_active);
            Ok::<_, Infallible>(response)
        }
    });
    let mut connection = pin!(builder(&bounds).serve_connection(TokioIo::new(stream), service));
    let is_idle = tokio::select! {
        biased;
        ended = connection.as_mut() => return ended,
        () = bounds.shutdown.reached(Stage::LastCall) => false,
        () = requests.idle_for(bounds.limits.headers) => true,
        () = bounds.cut() => return Ok(()),
    };
    // Tells the client to send no more requests. Those that are on their way are still answered.
    connection.as_mut().graceful_shutdown();
    let answered = async {
        bounds.shutdown.reached(Stage::Closing).await;
        requests.none().await;
        requests.farewell(LAST_ANSWERS_OF_ALL).await;
    };
    tokio::select! {
        biased;
        ended = connection => ended,
        () = answered => Ok(()),
        () = requests.farewell(LAST_ANSWERS), if is_idle => Ok(()),
    }
}

fn builder(bounds: &Bounds) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(READ_BUFFER_BYTES as u32)
        .max_send_buf_size(CONNECTION_WINDOW_BYTES as usize)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .max_local_error_reset_streams(MAX_RESETS)
        // Finds out whether the client of a long answer is still there.
        .keep_alive_interval(bounds.limits.headers)
        .keep_alive_timeout(bounds.limits.write);
    builder
}

/// Gives a request the headers that it would have in HTTP/1.1, as a gateway does (RFC 9113 section
/// 8.3.1). The rest of the server then needs to know no other.
fn translate(request: &mut Request<Incoming>) {
    let authority = request.uri().authority().map(|it| HeaderValue::from_str(it.as_str()));
    let has_body = !request.body().is_end_stream();
    let headers = request.headers_mut();
    if let Some(Ok(host)) = authority {
        headers.insert(HOST, host);
    }
    if has_body && !headers.contains_key(CONTENT_LENGTH) {
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
}
