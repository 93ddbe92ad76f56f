//! Metrics of password hashing: how many jobs wait, what became of them, and how long they took.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{Histogram, IntCounter, IntGauge};

use super::families::{Families, LATENCIES};
use crate::proof::password::{JobKind, JobTimes, KindStats, PoolObserver, PoolStats};

/// Metrics of hashing jobs, by kind.
#[derive(Clone, Debug)]
pub struct Hashing {
    kinds: Arc<[Kind; 2]>,
    lanes: Histogram,
    /// Held while the pool's figures are copied. Two copies at once would count new jobs twice.
    mirroring: Arc<Mutex<()>>,
}

#[derive(Debug)]
struct Kind {
    waiting: IntGauge,
    done: IntCounter,
    refused: IntCounter,
    abandoned: IntCounter,
    wait: Histogram,
    run: Histogram,
}

/// Upper bounds of how many passwords a thread hashes at once.
const LANES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0];

impl Hashing {
    pub(super) fn new(families: Families<'_>) -> Self {
        let waiting = families.gauges(
            "hallpass_hashing_queue_jobs",
            "Jobs that wait for a hashing thread.",
            &["kind"],
        );
        let jobs = families.counters(
            "hallpass_hashing_jobs_total",
            "Jobs of the hashing threads by what became of them.",
            &["kind", "outcome"],
        );
        let seconds = |name, help| families.histograms(name, help, &["kind"], LATENCIES);
        let wait = seconds(
            "hallpass_hashing_wait_duration_seconds",
            "Time that a job which was done had waited.",
        );
        let run = seconds(
            "hallpass_hashing_run_duration_seconds",
            "Time that a job took a hashing thread, which others may have shared.",
        );
        let kinds = JobKind::ALL.map(|kind| {
            let kind = match kind {
                JobKind::Login => "login",
                JobKind::Registration => "registration",
            };
            let outcome = |outcome| jobs.with_label_values(&[kind, outcome]);
            Kind {
                waiting: waiting.with_label_values(&[kind]),
                done: outcome("done"),
                refused: outcome("refused"),
                abandoned: outcome("abandoned"),
                wait: wait.with_label_values(&[kind]),
                run: run.with_label_values(&[kind]),
            }
        });
        let lanes = families.histogram(
            "hallpass_hashing_lanes",
            "Jobs that a job shared its time with, itself included.",
            LANES,
        );
        Self { kinds: Arc::new(kinds), lanes, mirroring: Arc::default() }
    }

    /// Copies the figures that the pool counts itself.
    pub fn mirror(&self, stats: &PoolStats) {
        let _one_at_a_time = self.mirroring.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in JobKind::ALL {
            let to = &self.kinds[kind as usize];
            let KindStats { waiting, done, refused, abandoned } = *stats.of(kind);
            to.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
            for (counter, count) in
                [(&to.done, done), (&to.refused, refused), (&to.abandoned, abandoned)]
            {
                counter.inc_by(count.saturating_sub(counter.get()));
            }
        }
    }
}

impl PoolObserver for Hashing {
    fn done(&self, kind: JobKind, times: JobTimes) {
        let JobTimes { wait, run, shared_by } = times;
        let kind = &self.kinds[kind as usize];
        kind.wait.observe(wait.as_secs_f64());
        kind.run.observe(run.as_secs_f64());
        self.lanes.observe(u32::try_from(shared_by).map_or(f64::INFINITY, f64::from));
    }
}
