//! TCP connections to a listener.

use prometheus::{IntCounter, IntGauge, Registry};

use super::families::Families;

/// Metrics of a listener's connections.
#[derive(Clone, Debug)]
pub struct Connections {
    open: IntGauge,
    limit: IntGauge,
    address_limit: IntGauge,
    refused: IntCounter,
    accepted: IntCounter,
    limit_reached: IntCounter,
    accept_errors: IntCounter,
    timeouts: IntCounter,
    malformed: IntCounter,
    handshakes: IntCounter,
    broken: IntCounter,
}

impl Connections {
    pub(super) fn new(families: Families<'_>) -> Self {
        let failed = families.counters(
            "hallpass_connections_failed_total",
            "Connections that did not end in order.",
            &["reason"],
        );
        let failed = |reason| failed.with_label_values(&[reason]);
        Self {
            open: families.gauge("hallpass_connections", "Connections that are open."),
            limit: families.gauge("hallpass_connections_limit", "The most connections at once."),
            address_limit: families.gauge(
                "hallpass_connections_per_address_limit",
                "The most connections at once from one address.",
            ),
            refused: families.counter(
                "hallpass_connections_refused_total",
                "Connections that were refused since their address had as many as it may have.",
            ),
            accepted: families
                .counter("hallpass_connections_accepted_total", "Connections that were accepted."),
            limit_reached: families.counter(
                "hallpass_connections_limit_reached_total",
                "Times that as many connections were open as may be, and the next one had to wait.",
            ),
            accept_errors: families.counter(
                "hallpass_connections_accept_errors_total",
                "Connections that could not be accepted for lack of file descriptors or memory.",
            ),
            timeouts: failed("timeout"),
            malformed: failed("malformed"),
            handshakes: failed("handshake"),
            broken: failed("broken"),
        }
    }

    /// Metrics that nobody can read.
    pub fn unregistered() -> Self {
        Self::new(Families(&Registry::new()))
    }

    /// Sets the most connections at once, in all and from one address.
    pub fn set_limits(&self, all: usize, of_address: usize) {
        self.limit.set(i64::try_from(all).unwrap_or(i64::MAX));
        self.address_limit.set(i64::try_from(of_address).unwrap_or(i64::MAX));
    }

    /// Counts a connection that was refused because its address had too many.
    pub fn refused(&self) {
        self.refused.inc();
    }

    /// Counts an accepted connection. It counts as open until the returned value is dropped.
    pub fn accepted(&self) -> OpenConnection {
        self.accepted.inc();
        self.open.inc();
        OpenConnection(self.open.clone())
    }

    /// Counts that all places for connections are taken.
    pub fn limit_reached(&self) {
        self.limit_reached.inc();
    }

    /// Counts a connection that could not be accepted.
    pub fn accept_failed(&self) {
        self.accept_errors.inc();
    }

    /// Counts a connection that ended with an error.
    pub fn failed(&self, end: BadEnd) {
        let reason = match end {
            BadEnd::Timeout => &self.timeouts,
            BadEnd::Malformed => &self.malformed,
            BadEnd::Handshake => &self.handshakes,
            BadEnd::Broken => &self.broken,
        };
        reason.inc();
    }
}

/// How a connection failed.
#[derive(Clone, Copy, Debug)]
pub enum BadEnd {
    /// It was silent for too long.
    Timeout,
    /// It did not send HTTP.
    Malformed,
    /// Its TLS handshake was not done in time, or went wrong.
    Handshake,
    /// It broke off.
    Broken,
}

/// An open connection.
#[derive(Debug)]
#[must_use = "dropped, the connection counts as closed"]
pub struct OpenConnection(IntGauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}
