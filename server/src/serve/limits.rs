use std::time::Duration;

/// How many connections may wait to be accepted. The kernel has its own limit (`somaxconn`, usually
/// the same). Beyond it, first packets are dropped, and a client tries again only a second later.
/// With the usual 128, that happens when a crowd comes back after an outage.
pub(super) const BACKLOG: u32 = 4096;

/// The limits on connections.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections at once; more wait in the listener's backlog.
    pub max_connections: usize,
    /// The most connections at once from one address; more are refused.
    pub max_connections_per_address: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long a request's headers may take to arrive, counted from the end of the previous
    /// answer. So this also limits how long a connection may be idle.
    pub headers: Duration,
    /// How long a client may take to receive more bytes of an answer.
    pub write: Duration,
    /// How long a request may still take to arrive if it is under way when the shutdown begins.
    pub last_call: Duration,
    /// How long the shutdown may take after the last connection was accepted.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            max_connections_per_address: 1024,
            handshake: Duration::from_secs(10),
            headers: Duration::from_secs(30),
            write: Duration::from_secs(30),
            // Longer than a packet takes to the other end of the world and back.
            last_call: Duration::from_millis(250),
            drain: Duration::from_secs(8),
        }
    }
}
