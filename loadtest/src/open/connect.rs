//! Connections to a server: HTTP/1.1, kept alive, one request at a time.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::sut::{Failure, Outcome, own_limit};

pub(super) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// A stream that counts what comes.
struct Counted {
    stream: Box<dyn ByteStream>,
    received: Arc<AtomicU64>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.received.fetch_add((buffer.filled().len() - before) as u64, Relaxed);
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// An open connection. Whoever uses it also drives it, in the same task, so that no other task has
/// to be woken between a request and its bytes.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// `None` once the connection has ended.
    driver: Option<Driver>,
    host: HeaderValue,
    /// How many bytes have come.
    received: Arc<AtomicU64>,
}

/// Why a request got no answer.
pub(crate) enum Unanswered {
    /// The connection had ended already, and nothing was sent: the request can be sent on another
    /// one.
    Unsent(Failure),
    /// The connection ended before a byte of the answer came. A server may close an idle connection
    /// while the request is on its way.
    Closed(Failure),
    Broken(Failure),
}

impl Connection {
    /// A connection over this stream, on which requests name this host.
    pub(super) async fn over(
        stream: Box<dyn ByteStream>,
        host: HeaderValue,
    ) -> Result<Self, Failure> {
        let received = Arc::new(AtomicU64::new(0));
        let stream = Counted { stream, received: Arc::clone(&received) };
        let (sender, driver) =
            http1::handshake(TokioIo::new(stream)).await.map_err(no_connection)?;
        Ok(Self { sender, driver: Some(Box::pin(driver) as Driver), host, received })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn exchange(
        &mut self,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, Unanswered> {
        let request = self.whole(request);
        // After an answer the connection may have a last step to take.
        if !self.sender.is_ready() {
            let ready = drive(&mut self.driver, self.sender.ready()).await;
            ready.map_err(|error| Unanswered::Unsent(broken(&error)))?;
        }
        let before = self.received.load(Relaxed);
        let sent = self.sender.try_send_request(request);
        let response = drive(&mut self.driver, sent).await.map_err(|mut error| {
            let unsent = error.take_message().is_some();
            let failure = broken(error.error());
            match (unsent, self.received.load(Relaxed) == before) {
                (true, _) => Unanswered::Unsent(failure),
                (false, true) => Unanswered::Closed(failure),
                (false, false) => Unanswered::Broken(failure),
            }
        })?;
        let (parts, body) = response.into_parts();
        let body = drive(&mut self.driver, body.collect()).await;
        let body = body.map_err(|error| Unanswered::Broken(broken(&error)))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }

    /// Ready when the server has ended the idle connection.
    pub(super) fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(driver) = &mut self.driver else { return Poll::Ready(()) };
        // However it ends, it is of no more use.
        let ended = driver.as_mut().poll(context).map(drop);
        if ended.is_ready() {
            self.driver = None;
        }
        ended
    }

    pub(crate) fn is_open(&self) -> bool {
        self.driver.is_some() && !self.sender.is_closed()
    }

    /// The request in the form of RFC 9112 section 3.2.1, with its `Host`.
    fn whole(&self, request: &Request<Bytes>) -> Request<Full<Bytes>> {
        let mut whole = Request::new(Full::new(request.body().clone()));
        *whole.method_mut() = request.method().clone();
        *whole.headers_mut() = request.headers().clone();
        whole.headers_mut().insert(HOST, self.host.clone());
        let path = request.uri().path_and_query().cloned();
        *whole.uri_mut() = path.map(Uri::from).unwrap_or_default();
        whole
    }
}

/// Waits for `wanted` and lets the connection work meanwhile.
async fn drive<T>(driver: &mut Option<Driver>, wanted: impl Future<Output = T>) -> T {
    let mut wanted = pin!(wanted);
    poll_fn(|context: &mut Context<'_>| {
        if let Poll::Ready(done) = wanted.as_mut().poll(context) {
            return Poll::Ready(done);
        }
        if let Some(connection) = driver
            && connection.as_mut().poll(context).is_ready()
        {
            *driver = None;
        }
        // The connection may just have read it.
        wanted.as_mut().poll(context)
    })
    .await
}

pub(super) fn no_connection(error: impl std::error::Error + 'static) -> Failure {
    let kind = own_limit(&error).unwrap_or("no connection");
    Failure::new(Outcome::Transport, kind, innermost(&error))
}

fn broken(error: &hyper::Error) -> Failure {
    Failure::new(Outcome::Transport, "no whole answer", innermost(error))
}

/// The outer errors say little more than that there was one.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut source = error;
    while let Some(inner) = source.source() {
        source = inner;
    }
    source.to_string()
}
