use std::collections::VecDeque;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::counts::Counts;
use crate::clock::Clock;
use crate::store::{AuditEntry, AuditId, AuditRecord};

/// The most records that wait to be kept. Any more are in the log on stderr alone.
const MOST_WAITING: usize = 10_000;

/// The records that are still to be kept in the store. Whoever makes one never waits.
#[derive(Debug)]
pub struct AuditLog {
    clock: Clock,
    /// Whether any are kept.
    keeps: bool,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: VecDeque<AuditEntry>,
    /// Of what was refused. Apart from the others, so that these don't displace it.
    refused: Counts,
    /// Of what is done all the time.
    routine: Counts,
    /// Records that will not be kept, since too many wait.
    lost: u64,
}

impl AuditLog {
    pub(crate) fn new(clock: Clock, keeps: bool) -> Self {
        let (waiting, arrived) = (Mutex::default(), Notify::new());
        Self { clock, keeps, waiting, arrived }
    }

    pub(super) fn add(&self, record: AuditRecord) {
        if !self.keeps {
            return;
        }
        let id = AuditId::in_order(self.clock.now());
        let mut waiting = self.waiting();
        if waiting.entries.len() >= MOST_WAITING {
            waiting.lost += 1;
            return;
        }
        waiting.entries.push_back(AuditEntry { id, record });
        drop(waiting);
        self.arrived.notify_one();
    }

    pub(super) fn count(&self, record: AuditRecord) {
        if !self.keeps {
            return;
        }
        let (mut waiting, now) = (self.waiting(), self.clock.now());
        match record.reason {
            Some(_) => waiting.refused.add(record, now),
            None => waiting.routine.add(record, now),
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Waits until a record is made.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Wakes who waits for a record.
    pub(crate) fn again(&self) {
        self.arrived.notify_one();
    }

    /// Whether something is counted that is to be kept later.
    pub(crate) fn is_counting(&self) -> bool {
        let waiting = self.waiting();
        !waiting.refused.is_empty() || !waiting.routine.is_empty()
    }

    /// The next records to keep, `most` of them, the oldest first. They wait until they are
    /// [kept](Self::are_kept). Of what is counted, that of a minute that is over, or `all`.
    pub(crate) fn next(&self, most: usize, all: bool) -> Vec<AuditEntry> {
        let mut waiting = self.waiting();
        let now = (!all).then(|| self.clock.now());
        let counted = [waiting.refused.take(now), waiting.routine.take(now)].concat();
        waiting.entries.extend(counted);
        waiting.entries.iter().take(most).cloned().collect()
    }

    /// The first so many records are kept, and wait no longer.
    pub(crate) fn are_kept(&self, records: usize) {
        self.waiting().entries.drain(..records);
    }

    /// How many records were not kept since the last call.
    pub(crate) fn lost(&self) -> u64 {
        mem::take(&mut self.waiting().lost)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> AuditLog {
        AuditLog::new(Clock::system(), true)
    }

    fn of(event: &str) -> AuditRecord {
        AuditRecord { event: event.to_owned(), ..AuditRecord::default() }
    }

    fn events(entries: &[AuditEntry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.record.event.as_str()).collect()
    }

    #[test]
    fn what_is_not_kept_comes_first_again() {
        let log = log();
        for event in ["a", "b", "c"] {
            log.add(of(event));
        }
        assert_eq!(events(&log.next(2, false)), ["a", "b"]);
        log.count(of("d"));
        assert_eq!(events(&log.next(10, false)), ["a", "b", "c"]);
        log.are_kept(2);
        assert_eq!(events(&log.next(10, true)), ["c", "d"]);
        log.are_kept(2);
        assert!(log.next(10, true).is_empty());
    }

    #[test]
    fn no_more_than_so_many_wait_and_the_others_are_counted() {
        let log = log();
        for _ in 0..MOST_WAITING + 7 {
            log.add(of("a"));
        }
        assert_eq!((log.lost(), log.lost()), (7, 0));
        assert_eq!(log.next(usize::MAX, true).len(), MOST_WAITING);
    }

    #[test]
    fn what_is_done_all_the_time_does_not_displace_what_was_refused() {
        let log = log();
        for n in 0..5000 {
            log.count(AuditRecord { address: Some(n.to_string()), ..of("refresh") });
        }
        let refused = AuditRecord {
            reason: Some("too many attempts".to_owned()),
            address: Some("192.0.2.7".to_owned()),
            ..of("login")
        };
        log.count(refused.clone());
        let found = log.next(usize::MAX, true);
        let expected = AuditRecord { times: Some(1), ..refused };
        assert!(found.iter().any(|entry| entry.record == expected));
    }

    #[test]
    fn a_log_that_keeps_nothing_takes_nothing() {
        let log = AuditLog::new(Clock::system(), false);
        log.add(of("a"));
        log.count(of("a"));
        assert!(log.next(10, true).is_empty() && !log.is_counting());
    }
}
