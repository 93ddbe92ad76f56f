//! The socket that connections come to.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream, lookup_host};
use tokio_rustls::TlsAcceptor;

/// How many connections may wait to be accepted. The kernel has its own limit (`somaxconn`, usually
/// the same). Beyond it, first packets are dropped, and a client tries again only a second later.
/// With the usual 128, that happens when a crowd comes back after an outage.
const BACKLOG: u32 = 4096;

/// A socket that connections come to, and whether they speak TLS.
pub struct Listener {
    socket: TcpListener,
    pub(super) tls: Option<TlsAcceptor>,
}

impl From<TcpListener> for Listener {
    /// For plain http.
    fn from(socket: TcpListener) -> Self {
        Self { socket, tls: None }
    }
}

impl Listener {
    /// With TLS, if there is an acceptor.
    #[must_use]
    pub fn with_tls(self, tls: Option<TlsAcceptor>) -> Self {
        Self { tls, ..self }
    }

    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.socket.accept().await
    }

    pub(super) fn into_std(self) -> io::Result<std::net::TcpListener> {
        self.socket.into_std()
    }
}

/// Listens on `HOST:PORT`. The host may be a name.
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
    // Lets a server start while connections of the last one linger.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The client left before it was accepted, so there is nothing to wait for.
pub(super) fn is_peers_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}
