//! What another thread can see of a run while it goes on.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use super::ledger::End;
use crate::histogram::Times;

/// Counters of a run under way. Only the generator writes to them.
pub(super) struct Live {
    /// Who is woken when the first request is due.
    observer: Thread,
    started: Once,
    over: AtomicBool,
    pub(super) offered: AtomicU64,
    served: AtomicU64,
    failed: AtomicU64,
    in_flight: AtomicU64,
    peak_in_flight: AtomicU64,
    waiting: AtomicU64,
    peak_waiting: AtomicU64,
    pub(super) connections: AtomicU64,
    pub(super) resent: AtomicU64,
    /// What was answered since the last look.
    recent: Mutex<Times>,
}

/// A run at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Glance {
    /// Whether the first request has been due.
    pub(crate) started: bool,
    /// Requests that were due.
    pub(crate) offered: u64,
    /// Requests that were answered as they should be.
    pub(crate) served: u64,
    /// Requests that ended otherwise.
    pub(crate) failed: u64,
    pub(crate) in_flight: u64,
    pub(crate) waiting: u64,
    /// The latencies of what was answered since the last look.
    pub(crate) recent: Times,
}

impl Live {
    pub(super) fn new(observer: Thread) -> Self {
        Self {
            observer,
            started: Once::new(),
            over: AtomicBool::new(false),
            offered: AtomicU64::new(0),
            served: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            peak_in_flight: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            peak_waiting: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            resent: AtomicU64::new(0),
            recent: Mutex::new(Times::coarse()),
        }
    }

    pub(super) fn start(&self) {
        self.started.call_once(|| self.observer.unpark());
    }

    /// There is nothing more to observe.
    pub(super) fn over(&self) {
        self.over.store(true, Relaxed);
        self.observer.unpark();
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    pub(super) fn began(&self) {
        let in_flight = self.in_flight.fetch_add(1, Relaxed) + 1;
        self.peak_in_flight.fetch_max(in_flight, Relaxed);
    }

    pub(super) fn ended(&self, end: &End, latency: Duration) {
        self.in_flight.fetch_sub(1, Relaxed);
        let served = matches!(end, End::Answered(Ok(_)));
        if served {
            self.served.fetch_add(1, Relaxed);
            self.recent.lock().unwrap_or_else(PoisonError::into_inner).record(latency);
        } else {
            self.failed.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn waiting(&self, count: usize) {
        self.waiting.store(count as u64, Relaxed);
        self.peak_waiting.fetch_max(count as u64, Relaxed);
    }

    pub(super) fn peak_in_flight(&self) -> u64 {
        self.peak_in_flight.load(Relaxed)
    }

    pub(super) fn peak_waiting(&self) -> u64 {
        self.peak_waiting.load(Relaxed)
    }

    pub(super) fn glance(&self) -> Glance {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        Glance {
            started: self.started.is_completed(),
            offered: self.offered.load(Relaxed),
            served: self.served.load(Relaxed),
            failed: self.failed.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
            waiting: self.waiting.load(Relaxed),
            recent: std::mem::replace(&mut *recent, Times::coarse()),
        }
    }
}
