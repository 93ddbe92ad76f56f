//! What became of requests of one name: how many ended in which way, and how long they took.

use crate::histogram::Times;
use crate::sut::Outcome;

/// What became of the requests of one name, in one phase or in all.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// How many were due.
    pub(crate) offered: u64,
    /// How many of them the generator took in hand late, through its own fault.
    pub(crate) late: u64,
    /// How many were due and given up before they were sent.
    pub(crate) dropped: u64,
    pub(crate) outcomes: OutcomeCounts,
    /// What ended while requests arrived, whenever it was due: what rates count. A queue that is
    /// worked off afterwards was not served in that time.
    pub(crate) in_time: OutcomeCounts,
    /// From the intended start to the last byte of the answer. Requests count that were answered
    /// rightly, or waited for in vain.
    pub(crate) latency: Times,
    /// The same from the real start.
    pub(crate) service: Times,
}

impl Default for Tally {
    fn default() -> Self {
        let (latency, service) = (Times::new(), Times::new());
        let (outcomes, in_time) = (OutcomeCounts::default(), OutcomeCounts::default());
        Self { offered: 0, late: 0, dropped: 0, outcomes, in_time, latency, service }
    }
}

impl Tally {
    /// How many were answered, rightly or not.
    pub(crate) fn achieved(&self) -> u64 {
        self.outcomes.answered()
    }

    /// How many were answered as they should be.
    pub(crate) fn served(&self) -> u64 {
        self.outcomes.served()
    }

    /// How many were due and not answered as they should be.
    pub(crate) fn unserved(&self) -> u64 {
        self.offered.saturating_sub(self.served())
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.offered += other.offered;
        self.late += other.late;
        self.dropped += other.dropped;
        self.outcomes.merge(&other.outcomes);
        self.in_time.merge(&other.in_time);
        self.latency.merge(&other.latency);
        self.service.merge(&other.service);
    }
}

/// How many requests ended in which way.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct OutcomeCounts([u64; Outcome::ALL.len()]);

impl OutcomeCounts {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.0[outcome as usize] += 1;
    }

    pub(crate) fn of(&self, outcome: Outcome) -> u64 {
        self.0[outcome as usize]
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Rightly or not.
    pub(crate) fn answered(&self) -> u64 {
        self.total() - self.of(Outcome::Transport)
    }

    pub(crate) fn served(&self) -> u64 {
        self.iter().filter(|(outcome, _)| outcome.is_served()).map(|(_, count)| count).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Outcome, u64)> {
        Outcome::ALL.into_iter().map(|outcome| (outcome, self.of(outcome)))
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }
}
