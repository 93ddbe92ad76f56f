//! Users, sessions, and their writes to the disk.

use std::time::Duration;

use prometheus::{Gauge, Histogram, IntCounter, IntGauge, Registry};

use super::families::{Families, LATENCIES};

/// Metrics of a store's contents and its work.
#[derive(Clone, Debug)]
pub struct StoreMetrics {
    /// Users.
    pub users: IntGauge,
    /// Sessions that have not ended. An expired one counts until it is swept.
    pub sessions: IntGauge,
    /// Revoked sessions: their access tokens may still be in use.
    pub revoked: IntGauge,
    /// Writes that wait for the next commit.
    pub queue: IntGauge,
    /// Servers that use the database.
    pub nodes: IntGauge,
    /// For how long what is answered from memory can be trusted, in seconds.
    pub lease_left: Gauge,
    waits: Histogram,
    committed: IntCounter,
    failed: IntCounter,
    duration: Histogram,
    writes: Histogram,
}

/// Upper bounds for the number of writes in one commit.
const GROUP_SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Upper bounds in seconds: up to a lease.
const WAITS: &[f64] =
    &[0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0];

impl StoreMetrics {
    pub(super) fn new(families: Families<'_>) -> Self {
        let commits = families.counters(
            "hallpass_store_commits_total",
            "Groups of writes that were made durable together, or failed together.",
            &["outcome"],
        );
        Self {
            users: families.gauge("hallpass_users", "Users."),
            sessions: families.gauge("hallpass_sessions", "Sessions that have not ended."),
            revoked: families.gauge(
                "hallpass_revoked_sessions",
                "Ended sessions that are remembered until their access tokens have expired.",
            ),
            queue: families
                .gauge("hallpass_store_queue_writes", "Writes that wait for the next commit."),
            nodes: families
                .gauge("hallpass_nodes", "Servers that share the database, this one too."),
            lease_left: families.seconds_gauge(
                "hallpass_lease_remaining_seconds",
                "For how long this server verifies tokens if it does not hear from the database.",
            ),
            waits: families.histogram(
                "hallpass_change_wait_duration_seconds",
                "Time from a commit until all other servers had applied it.",
                WAITS,
            ),
            committed: commits.with_label_values(&["ok"]),
            failed: commits.with_label_values(&["failed"]),
            duration: families.histogram(
                "hallpass_store_commit_duration_seconds",
                "Time from the first write of a commit to all of it on the disk.",
                LATENCIES,
            ),
            writes: families.histogram(
                "hallpass_store_commit_writes",
                "Writes of one commit.",
                GROUP_SIZES,
            ),
        }
    }

    /// Metrics that nobody can read.
    pub fn unregistered() -> Self {
        Self::new(Families(&Registry::new()))
    }

    /// Counts an answer that waited for the other servers.
    pub fn waited(&self, elapsed: Duration) {
        self.waits.observe(elapsed.as_secs_f64());
    }

    /// Counts a commit of `writes` writes that took `elapsed`. A failed commit gets no size and no
    /// duration, since they would distort those of the others.
    pub fn commit(&self, ok: bool, writes: usize, elapsed: Duration) {
        if !ok {
            self.failed.inc();
            return;
        }
        self.committed.inc();
        self.duration.observe(elapsed.as_secs_f64());
        self.writes.observe(u32::try_from(writes).map_or(f64::INFINITY, f64::from));
    }
}
