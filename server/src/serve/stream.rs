//! An accepted connection.

use std::io::{self, ErrorKind};

use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::proxies::Peer;

/// A connection, who is at its other end, and whether it speaks TLS.
pub(super) struct Accepted {
    pub stream: Stream,
    pub peer: Peer,
    pub tls: Option<TlsAcceptor>,
}

pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// The client left before it was accepted, so there is nothing to wait for.
pub(super) fn is_peers_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}
