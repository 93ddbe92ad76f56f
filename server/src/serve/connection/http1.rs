//! A connection that speaks HTTP/1.1.

use std::convert::Infallible;
use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use http::header::CONNECTION;
use http::{HeaderValue, Request};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1::{self, Connection};
use hyper::service::{HttpService, Service, service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::task::coop::unconstrained;
use tokio::time::sleep;

use super::super::{Answer, Response};
use super::bounds::{AwakeConnection, Bounds, READ_BUFFER_BYTES};
use super::failure::Failure;
use super::head::{HeadWait, Watched};
use crate::proxies::Peer;
use crate::shutdown::Stage;

/// What the requests of a connection share.
struct Shared {
    bounds: Bounds,
    wait: Arc<HeadWait>,
    /// Whether a complete request head has arrived since hyper got the connection.
    was_asked: AtomicBool,
}

impl Shared {
    fn begins(&self) {
        self.wait.head_came();
        self.was_asked.store(true, Ordering::Relaxed);
        if let Some(membership) = &self.bounds.membership {
            membership.is_busy();
        }
    }

    fn ends(&self, had_body: bool, response: &mut Response) {
        // The connection is between two requests once all of this answer is sent. If nobody knows
        // the answer's length, more of it may come.
        let is_whole = response.body().size_hint().exact().is_some();
        self.wait.answered(!had_body && is_whole);
        if let Some(membership) = &self.bounds.membership {
            membership.is_idle();
        }
        if self.bounds.shutdown.closes_connections() {
            // hyper then closes the connection, and the header tells the client so.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// A connection, with or without hyper. hyper takes some 14 kB for each, also while nothing comes.
/// So if [many](super::bounds::MANY_AWAKE) are with it, a further one is taken from it after each
/// answer, and given back with the next bytes.
enum Line<S, V: HttpService<Incoming>> {
    Asleep(Watched<S>, V),
    Awake(Box<Connection<TokioIo<Watched<S>>, V>>, AwakeConnection),
    /// While it changes from one to the other.
    Changing,
}

impl<S, V> Line<S, V>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    V: Service<Request<Incoming>, Response = Response, Error = Infallible>,
{
    fn poll(&mut self, shared: &Shared, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        loop {
            match self {
                Self::Asleep(stream, _) => {
                    if !ready!(stream.poll_bytes(context)) {
                        return Poll::Ready(Ok(()));
                    }
                }
                Self::Awake(connection, awake) => {
                    if let Poll::Ready(ended) = Pin::new(&mut **connection).poll(context) {
                        return Poll::Ready(Ok(ended?));
                    }
                    if !awake.is_one_too_many() || !shared.wait.take_between() {
                        return Poll::Pending;
                    }
                }
                Self::Changing => return Poll::Ready(Ok(())),
            }
            self.change(shared);
            if matches!(self, Self::Asleep(stream, _) if stream.has_bytes()) {
                // The next request is there already. First it is the turn of others.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// Gives the connection to hyper, or takes it from there.
    fn change(&mut self, shared: &Shared) {
        *self = match mem::replace(self, Self::Changing) {
            Self::Asleep(stream, service) => {
                let connection = builder().serve_connection(TokioIo::new(stream), service);
                shared.was_asked.store(false, Ordering::Relaxed);
                Self::Awake(Box::new(connection), shared.bounds.awake.enter())
            }
            Self::Awake(connection, _) => {
                let parts = connection.into_parts();
                let mut stream = parts.io.into_inner();
                stream.put_back(&parts.read_buf);
                Self::Asleep(stream, parts.service)
            }
            Self::Changing => Self::Changing,
        };
    }
}

/// Why a connection ends.
enum End {
    /// Either side has closed it, or it broke.
    Closed(Result<(), Failure>),
    /// The head of a request did not come in time.
    TooSlow,
    /// The server shuts down.
    ShuttingDown,
    /// Another connection needs the place.
    Cut,
}

/// Answers the requests of a connection until either side closes it.
pub(super) async fn run<F: Future<Output = Response> + Send + 'static>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    answer: impl Answer<F>,
    bounds: Bounds,
) -> Result<(), Failure> {
    let wait = Arc::new(HeadWait::start());
    let stream = Watched::new(stream, Arc::clone(&wait));
    let shared = Arc::new(Shared { bounds, wait, was_asked: AtomicBool::new(false) });
    let state = Arc::clone(&shared);
    let service = service_fn(move |request: Request<Incoming>| {
        shared.begins();
        let had_body = !request.body().is_end_stream();
        let (answered, shared) = (answer(request, peer), Arc::clone(&shared));
        async move {
            let mut response = answered.await;
            shared.ends(had_body, &mut response);
            Ok::<_, Infallible>(response)
        }
    });
    let mut line = Line::Asleep(stream, service);
    match end(&mut line, &state).await {
        End::Closed(ended) => return ended,
        End::TooSlow => return Err(Failure::TooSlow),
        End::Cut => return Ok(()),
        End::ShuttingDown => {}
    }
    match line {
        // Closes the connection at once if it is idle or in the middle of a later head, otherwise
        // after the answer.
        Line::Awake(mut connection, _) if state.was_asked.load(Ordering::Relaxed) => {
            Pin::new(&mut *connection).graceful_shutdown();
            Ok(connection.await?)
        }
        // With TLS, the client is told that nothing is missing.
        Line::Asleep(mut stream, _) => {
            let _ = stream.shutdown().await;
            Ok(())
        }
        // The client is in the middle of a head for which hyper would wait.
        _ => Ok(()),
    }
}

fn builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    // Our answers are small. Copying a body behind its head costs less than writing two pieces.
    builder.max_buf_size(READ_BUFFER_BYTES).writev(false).header_read_timeout(None);
    builder
}

/// Waits for the end of a connection. Each request wakes its task, so whatever else could end it is
/// looked at only if it may have happened. Its waker is known there: a task has the same all its
/// life. So each must take the waker, also from a task that has used up its turn.
async fn end<S, V>(line: &mut Line<S, V>, shared: &Shared) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
    V: Service<Request<Incoming>, Response = Response, Error = Infallible>,
{
    let Shared { bounds, wait, .. } = shared;
    let limit = bounds.limits.headers;
    let mut alarm = pin!(sleep(limit));
    let mut closing = pin!(unconstrained(bounds.shutdown.reached(Stage::Closing)));
    let mut cut = pin!(unconstrained(bounds.cut()));
    let mut is_first = true;
    poll_fn(move |context| {
        // First, so that all that has arrived is read before the connection counts as idle.
        if let Poll::Ready(ended) = line.poll(shared, context) {
            return Poll::Ready(End::Closed(ended));
        }
        let is_first = mem::replace(&mut is_first, false);
        if (is_first || alarm.is_elapsed())
            && wait.poll_end(alarm.as_mut(), limit, context).is_ready()
        {
            return Poll::Ready(End::TooSlow);
        }
        if (is_first || bounds.shutdown.has_begun()) && closing.as_mut().poll(context).is_ready() {
            return Poll::Ready(End::ShuttingDown);
        }
        if (is_first || bounds.membership.is_some()) && cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(End::Cut);
        }
        Poll::Pending
    })
    .await
}
