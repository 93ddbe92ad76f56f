//! What the server counts, for Prometheus. Each server has a registry of its own, so that several
//! can run in one process; `README.md` says what each family means.
//!
//! The `prometheus` crate keeps it. The cost of counting is what decided: its counters and
//! histograms are atomics behind handles that are looked up once, at start. `prometheus-client`
//! locks a mutex for each observation of a histogram, on which the threads that answer requests
//! would wait for each other; `metrics` finds its recorder through a global or a thread-local, and
//! its exporter keeps every sample until somebody scrapes. Without the protobuf format the crate is
//! small, and it has been the common choice in Rust for years. Its figures of the process are not
//! used: they count the processor's time in whole seconds.
//!
//! A request of the verify path takes 60 ns to count, 47 of them for two looks at the clock, and
//! 150 ns while another thread counts the same all the time. That is 0.6 % of the request, or 1.4
//! %, so the server counts whether or not anybody scrapes.
//!
//! No label's value comes from a client: what a client chooses freely, such as a path or a method,
//! is looked up in what there is and else is `other`.

mod bodies;
mod connections;
mod families;
mod hashing;
mod http;
mod logins;
mod process;
mod store;
mod throttle;
mod tokens;

pub use self::bodies::Bodies;
pub use self::connections::{Connections, OpenConnection};
pub use self::hashing::Hashing;
pub use self::http::{Http, OTHER, RouteSeries, Series};
pub use self::logins::{LoginEnd, Logins, PendingLogin, Refreshes};
pub use self::store::StoreMetrics;
pub use self::throttle::Throttled;
pub use self::tokens::TokenCache;

use std::ops::Deref;
use std::sync::Arc;

use ::prometheus::{Registry, TextEncoder};

use families::Families;
use process::Process;

/// The media type of [`Metrics::text`].
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All that one server counts. Clones count the same.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Inner>);

/// The families, by what they are about.
#[derive(Debug)]
pub struct Inner {
    registry: Registry,
    process: Process,
    /// Requests.
    pub http: Http,
    /// TCP connections to the API.
    pub connections: Connections,
    /// Request bodies while they arrive.
    pub bodies: Bodies,
    /// The threads that hash passwords.
    pub hashing: Hashing,
    /// Sign-ins.
    pub logins: Logins,
    /// Exchanges of refresh tokens.
    pub refreshes: Refreshes,
    /// What was refused as too many.
    pub throttled: Throttled,
    /// Verified access tokens that are kept.
    pub tokens: TokenCache,
    /// Users, sessions, and their way to the disk.
    pub store: StoreMetrics,
}

impl Default for Inner {
    fn default() -> Self {
        let registry = Registry::new();
        let families = Families(&registry);
        families
            .gauges("hallpass_build_info", "1, with the version.", &["version"])
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        Self {
            process: Process::new(families),
            http: Http::new(families),
            connections: Connections::new(families),
            bodies: Bodies::new(families),
            hashing: Hashing::new(families),
            logins: Logins::new(families),
            refreshes: Refreshes::new(families),
            throttled: Throttled::new(families),
            tokens: TokenCache::new(families),
            store: StoreMetrics::new(families),
            registry,
        }
    }
}

impl Metrics {
    /// All of it in Prometheus's text format, version 0.0.4. It reads a few files of the system, so
    /// it is not for a reactor thread.
    ///
    /// # Errors
    ///
    /// If a family is invalid, which none is.
    pub fn text(&self) -> anyhow::Result<String> {
        self.process.refresh();
        Ok(TextEncoder::new().encode_to_string(&self.registry.gather())?)
    }
}

impl Deref for Metrics {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

#[cfg(test)]
mod tests;
