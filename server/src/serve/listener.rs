//! The socket on which connections arrive.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, lookup_host};

/// How many connections may wait to be accepted; the kernel has a limit of its own (`somaxconn`,
/// usually the same). Beyond it first packets are dropped, and a client tries again only a second
/// later: with the usual 128 that happens to a crowd that comes back after an outage.
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

/// The client was gone before it was accepted: nothing to wait for.
pub(super) fn is_peers_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}
