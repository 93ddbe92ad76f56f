//! The connections that wait to be accepted when the server stops to listen.

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

use super::stream::{Accepted, Stream, is_peers_fault};
use crate::proxies::Peer;

/// Accepts connections as long as one waits. The runtime may not know the latest ones yet, so the
/// system is asked directly.
pub(super) struct Backlog {
    socket: Socket,
    tls: Option<TlsAcceptor>,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Backlog {
    pub(super) fn of_tcp(socket: TcpListener, tls: Option<TlsAcceptor>) -> Self {
        Self { socket: Socket::Tcp(socket), tls }
    }

    pub(super) fn of_unix(socket: UnixListener) -> Self {
        Self { socket: Socket::Unix(socket), tls: None }
    }

    /// The stream of the next connection, not yet registered with the runtime.
    fn accept(&self) -> io::Result<Waiting> {
        match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, address) = socket.accept()?;
                Ok(Waiting::Tcp(stream, Peer::Remote(address)))
            }
            Socket::Unix(socket) => Ok(Waiting::Unix(socket.accept()?.0)),
        }
    }
}

enum Waiting {
    Tcp(std::net::TcpStream, Peer),
    Unix(std::os::unix::net::UnixStream),
}

impl Waiting {
    fn register(self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(stream, peer) => {
                stream.set_nonblocking(true)?;
                Ok((Stream::Tcp(TcpStream::from_std(stream)?), peer))
            }
            Self::Unix(stream) => {
                stream.set_nonblocking(true)?;
                Ok((Stream::Unix(UnixStream::from_std(stream)?), Peer::Local))
            }
        }
    }
}

impl Iterator for Backlog {
    type Item = io::Result<Accepted>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.accept() {
                Ok(waiting) => {
                    let tls = self.tls.clone();
                    let accepted = waiting.register();
                    return Some(accepted.map(|(stream, peer)| Accepted { stream, peer, tls }));
                }
                Err(error) if is_peers_fault(&error) => {}
                // Most likely no more connections wait.
                Err(_) => return None,
            }
        }
    }
}
