//! Where a load goes.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;

/// A server's address, and how its clients connect.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The address.
    pub address: SocketAddr,
    /// How clients speak TLS. None without TLS.
    pub tls: Option<Arc<ClientConfig>>,
    /// Whether each request has a connection of its own. The request must ask the server to close
    /// it.
    pub connects_anew: bool,
}

/// Without TLS, on connections that are kept.
impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self { address, tls: None, connects_anew: false }
    }
}
