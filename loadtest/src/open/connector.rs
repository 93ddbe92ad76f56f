//! Opens connections to the hosts of a server.

use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::Context as _;
use http::header::HeaderValue;
use reqwest::Url;
use tokio::net::TcpStream;

use super::connect::{ByteStream, Connection, no_connection};
use super::tls::Tls;
use crate::sut::Failure;

/// Opens connections to one server, or to several hosts of it.
#[derive(Clone, Debug)]
pub(crate) struct Connector(Vec<Remote>);

/// Where connections go.
#[derive(Clone, Debug)]
struct Remote {
    addresses: Vec<SocketAddr>,
    host: HeaderValue,
    tls: Option<Tls>,
}

impl Connector {
    /// For scheme, host and port of these URLs; their names are looked up here, once.
    ///
    /// # Errors
    ///
    /// A name has no address, or TLS cannot be set up on this machine.
    pub(crate) fn new(urls: &[Url], accept_invalid_certs: bool) -> anyhow::Result<Self> {
        let remotes = urls.iter().map(|url| Remote::new(url, accept_invalid_certs));
        Ok(Self(remotes.collect::<anyhow::Result<_>>()?))
    }

    /// How many hosts there are.
    pub(crate) fn hosts(&self) -> usize {
        self.0.len()
    }

    /// The hosts as requests name them, in their order.
    pub(super) fn names(&self) -> Vec<String> {
        let name = |remote: &Remote| remote.host.to_str().unwrap_or_default().to_owned();
        self.0.iter().map(name).collect()
    }

    /// Opens a connection to the host of this number, counted from 0.
    pub(crate) async fn connect(&self, host: usize) -> Result<Connection, Failure> {
        self.0[host].connect().await
    }
}

impl Remote {
    fn new(url: &Url, accept_invalid_certs: bool) -> anyhow::Result<Self> {
        let name = url.host_str().context("the server's URL has no host")?;
        let port = url.port_or_known_default().context("the server's URL has no port")?;
        let addresses: Vec<SocketAddr> = (name.trim_matches(['[', ']']), port)
            .to_socket_addrs()
            .with_context(|| format!("cannot find the address of {name}"))?
            .collect();
        let authority = match url.port() {
            Some(port) => format!("{name}:{port}"),
            None => name.to_owned(),
        };
        let tls = match url.scheme() {
            "https" => Some(Tls::new(name, accept_invalid_certs)?),
            _ => None,
        };
        let host = HeaderValue::from_str(&authority).context("the host is unfit for a header")?;
        Ok(Self { addresses, host, tls })
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let stream = TcpStream::connect(&self.addresses[..]).await.map_err(no_connection)?;
        stream.set_nodelay(true).map_err(no_connection)?;
        let stream: Box<dyn ByteStream> = match &self.tls {
            Some(tls) => Box::new(tls.handshake(stream).await.map_err(no_connection)?),
            None => Box::new(stream),
        };
        Connection::over(stream, self.host.clone()).await
    }
}
