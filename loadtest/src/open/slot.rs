//! Slots: each carries one request at a time, on connections of its own.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::kept::Kept;
use super::schedule::Arrival;

/// One of the requests that may be under way at once.
#[derive(Default)]
pub(super) struct Slot {
    next: Mutex<Option<Job>>,
    handed: Notify,
}

/// A request for a slot.
#[derive(Clone, Copy)]
pub(super) struct Job {
    pub(super) arrival: Arrival,
    /// Set if the slot was free when the request was taken in hand: the generator's lag at that
    /// moment. Until the request is sent, more time may pass that is the generator's fault too.
    pub(super) handed: Option<Duration>,
}

impl Slot {
    /// Hands it its next request, for which it waits.
    pub(super) fn hand(&self, job: Job) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(job);
        self.handed.notify_one();
    }

    /// Waits for the next request, and notices meanwhile if a host closes its connection.
    pub(super) async fn wait(&self, kept: &mut Kept) -> Job {
        loop {
            if let Some(job) = self.next.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return job;
            }
            tokio::select! {
                biased;
                () = self.handed.notified() => {}
                () = kept.one_ended() => {}
            }
        }
    }
}
