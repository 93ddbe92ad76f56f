//! A connection's bytes, with or without TLS. Nothing here waits.

use std::io::{ErrorKind, Read as _, Result, Write as _};
use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind};

use super::endpoint::Endpoint;

/// A connection to a server.
pub(super) struct Stream {
    tcp: TcpStream,
    tls: Option<Box<ClientConnection>>,
    /// Whether TLS has ended in order. Then only the end of the connection is to come.
    is_closing: bool,
}

impl Stream {
    /// Takes a connection, and begins TLS if the endpoint has it. `token` tells its events from
    /// others.
    pub(super) fn new(
        mut tcp: TcpStream,
        endpoint: &Endpoint,
        registry: &Registry,
        token: Token,
    ) -> anyhow::Result<Self> {
        registry.register(&mut tcp, token, Interest::READABLE | Interest::WRITABLE)?;
        let tls = endpoint.tls.as_ref().map(client).transpose()?;
        Ok(Self { tcp, tls: tls.map(Box::new), is_closing: false })
    }

    /// Whether the handshake resumed an earlier session.
    pub(super) fn is_resumed(&self) -> bool {
        let kind = self.tls.as_ref().and_then(|tls| tls.handshake_kind());
        kind == Some(HandshakeKind::Resumed)
    }

    /// Whether a read that does not fill the buffer has taken everything.
    pub(super) fn short_read_is_last(&self) -> bool {
        self.tls.is_none()
    }

    /// Takes bytes to send. [`flush`](Self::flush) sends what TLS has made of them.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match &mut self.tls {
            Some(tls) => tls.writer().write(bytes),
            None => self.tcp.write(bytes),
        }
    }

    /// Sends what TLS has to say, as far as the system takes it.
    pub(super) fn flush(&mut self) -> Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        while tls.wants_write() {
            match tls.write_tls(&mut self.tcp) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => drop(other?),
            }
        }
        Ok(())
    }

    /// Reads what the server has said. 0 is the end of the connection.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let Some(tls) = &mut self.tls else { return self.tcp.read(buffer) };
        while !self.is_closing {
            match tls.reader().read(buffer) {
                Ok(0) => self.is_closing = true,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    tls.read_tls(&mut self.tcp)?;
                    let state = tls.process_new_packets();
                    state.map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))?;
                    if tls.wants_write() {
                        tls.write_tls(&mut self.tcp)?;
                    }
                }
                other => return other,
            }
        }
        // The server closes first. So its side remembers the connection, and clients do not run out
        // of ports.
        self.tcp.read(buffer)
    }
}

fn client(config: &Arc<ClientConfig>) -> anyhow::Result<ClientConnection> {
    let name = ServerName::try_from(crate::tls::NAME)?;
    Ok(ClientConnection::new(Arc::clone(config), name)?)
}
