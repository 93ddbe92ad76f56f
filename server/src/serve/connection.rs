//! One connection, from its acceptance to its end.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::stream::{Accepted, Stream};
use super::{Answer, Response};
use crate::proxies::Peer;
use crate::shutdown::Stage;
use crate::tls::{ALPN_ACME, ALPN_HTTP2};

pub(super) use self::bounds::{Awake, Bounds};
pub(super) use self::failure::Failure;

mod bounds;
mod failure;
mod head;
mod http1;
mod http2;

/// A stream whose writes have a time limit.
type Timed<S> = Pin<Box<TimeoutStream<S>>>;

/// Answers the requests of a connection until either side closes it.
pub(super) async fn run<F: Future<Output = Response> + Send + 'static>(
    Accepted { stream, peer, tls }: Accepted,
    answer: impl Answer<F>,
    bounds: Bounds,
) -> Result<(), Failure> {
    let write = bounds.limits.write;
    match (stream, tls) {
        (Stream::Tcp(stream), None) => {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%peer, "can't set TCP_NODELAY: {error}");
            }
            http1::run(timed(stream, write), peer, answer, bounds).await
        }
        // On the heap, so that a plain connection takes no memory for the others.
        (Stream::Tcp(stream), Some(tls)) => {
            let _ = stream.set_nodelay(true);
            Box::pin(encrypted(timed(stream, write), peer, tls, answer, bounds)).await
        }
        (Stream::Unix(stream), _) => {
            Box::pin(http1::run(timed(stream, write), peer, answer, bounds)).await
        }
    }
}

fn timed<S: AsyncRead + AsyncWrite>(stream: S, write: Duration) -> Timed<S> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(write));
    Box::pin(stream)
}

async fn encrypted<F: Future<Output = Response> + Send + 'static>(
    stream: Timed<TcpStream>,
    peer: Peer,
    tls: TlsAcceptor,
    answer: impl Answer<F>,
    bounds: Bounds,
) -> Result<(), Failure> {
    let Some(stream) = handshake(stream, &tls, &bounds).await? else { return Ok(()) };
    match stream.get_ref().1.alpn_protocol() {
        Some(ALPN_HTTP2) => http2::run(stream, peer, answer, bounds).await?,
        // The authority has seen what it wanted.
        Some(ALPN_ACME) => {}
        _ => http1::run(stream, peer, answer, bounds).await?,
    }
    Ok(())
}

/// Agrees on keys and a protocol. None if the connection has to end meanwhile.
async fn handshake(
    stream: Timed<TcpStream>,
    tls: &TlsAcceptor,
    bounds: &Bounds,
) -> io::Result<Option<TlsStream<Timed<TcpStream>>>> {
    tokio::select! {
        biased;
        done = timeout(bounds.limits.handshake, tls.accept(stream)) => done?.map(Some),
        () = bounds.shutdown.reached(Stage::Closing) => Ok(None),
        () = bounds.cut() => Ok(None),
    }
}
