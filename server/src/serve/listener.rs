//! The sockets that connections come to.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::net::{TcpListener, TcpSocket, UnixListener, lookup_host};
use tokio_rustls::TlsAcceptor;

use super::backlog::Backlog;
use super::limits::BACKLOG;
use super::socket_file::SocketFile;
use super::stream::{Accepted, Stream};
use crate::proxies::Peer;

/// A socket that connections come to, and whether they speak TLS.
pub struct Listener {
    socket: Socket,
    tls: Option<TlsAcceptor>,
    /// The socket's file, if the server made one.
    file: Option<SocketFile>,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl From<TcpListener> for Listener {
    /// For plain http.
    fn from(socket: TcpListener) -> Self {
        Self { socket: Socket::Tcp(socket), tls: None, file: None }
    }
}

impl From<UnixListener> for Listener {
    /// For proxies on this machine.
    fn from(socket: UnixListener) -> Self {
        Self { socket: Socket::Unix(socket), tls: None, file: None }
    }
}

impl Listener {
    /// With TLS, if there is an acceptor and connections come over a network.
    #[must_use]
    pub fn with_tls(self, tls: Option<TlsAcceptor>) -> Self {
        let is_tcp = matches!(self.socket, Socket::Tcp(_));
        Self { tls: tls.filter(|_| is_tcp), ..self }
    }

    /// Its address. None for a socket of the file system.
    ///
    /// # Errors
    ///
    /// If the system does not tell it.
    pub fn address(&self) -> io::Result<Option<SocketAddr>> {
        match &self.socket {
            Socket::Tcp(socket) => socket.local_addr().map(Some),
            Socket::Unix(_) => Ok(None),
        }
    }

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        let (stream, peer) = match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, address) = ready!(socket.poll_accept(context))?;
                (Stream::Tcp(stream), Peer::Remote(address))
            }
            Socket::Unix(socket) => {
                let (stream, _) = ready!(socket.poll_accept(context))?;
                (Stream::Unix(stream), Peer::Local)
            }
        };
        Poll::Ready(Ok(Accepted { stream, peer, tls: self.tls.clone() }))
    }

    /// Removes the socket's file. Returns the connections that wait by now.
    fn into_backlog(self) -> io::Result<Backlog> {
        drop(self.file);
        match self.socket {
            Socket::Tcp(socket) => Ok(Backlog::of_tcp(socket.into_std()?, self.tls)),
            Socket::Unix(socket) => Ok(Backlog::of_unix(socket.into_std()?)),
        }
    }
}

/// As a URL, or as `--listen` takes it.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.socket {
            Socket::Tcp(socket) => {
                let scheme = if self.tls.is_some() { "https" } else { "http" };
                let address = socket.local_addr().map_err(|_| fmt::Error)?;
                write!(f, "{scheme}://{address}")
            }
            Socket::Unix(socket) => {
                let address = socket.local_addr().map_err(|_| fmt::Error)?;
                let path = self.file.as_ref().map(SocketFile::path).or(address.as_pathname());
                write!(f, "unix:{}", path.unwrap_or("(without a name)".as_ref()).display())
            }
        }
    }
}

/// All sockets that a server accepts from.
pub(super) struct Listeners {
    all: Vec<Listener>,
    /// Which one is asked first.
    turn: AtomicUsize,
}

impl Listeners {
    pub(super) fn new(all: Vec<Listener>) -> Self {
        Self { all, turn: AtomicUsize::new(0) }
    }

    /// The next connection. No listener waits for ever because another one is busy.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        poll_fn(|context| {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.all.len().max(1);
            let (later, first) = self.all.split_at(turn);
            let mut listeners = first.iter().chain(later);
            let accepted = listeners.find_map(|listener| match listener.poll_accept(context) {
                Poll::Ready(accepted) => Some(accepted),
                Poll::Pending => None,
            });
            accepted.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Accepts nothing more. Returns the connections that wait by now.
    pub(super) fn into_backlog(self) -> impl Iterator<Item = io::Result<Accepted>> {
        self.all.into_iter().filter_map(|listener| listener.into_backlog().ok()).flatten()
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

/// Listens on a socket at this path, which all with the rights of `mode` may use. A socket that a
/// killed server left there is replaced. Must be called in a tokio runtime.
///
/// # Errors
///
/// If a server listens there, another file is there, or the socket can't be made.
pub fn bind_unix(path: &Path, mode: u32) -> io::Result<Listener> {
    let (socket, file) = SocketFile::bind(path, mode)?;
    Ok(Listener { file: Some(file), ..Listener::from(socket) })
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
