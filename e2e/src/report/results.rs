//! What a run has found.

use std::time::{Duration, Instant};

use crate::Kind;
use crate::attempt::{Attempt, TestOutcome};

/// The attempts of a run so far.
#[derive(Debug)]
pub(crate) struct Report {
    /// What was tested, in words.
    pub(super) target: String,
    pub(super) seed: u64,
    pub(super) planned: usize,
    pub(super) started: Instant,
    pub(super) attempts: Vec<Attempt>,
}

/// How many runs ended in which way.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Counts {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

impl Report {
    /// For one browser, or for all.
    pub(super) fn counts(&self, kind: Option<Kind>) -> Counts {
        let mut counts = Counts::default();
        for attempt in self.attempts.iter().filter(|a| kind.is_none_or(|kind| a.kind == kind)) {
            *match attempt.outcome {
                TestOutcome::Passed => &mut counts.passed,
                TestOutcome::Failed(_) => &mut counts.failed,
                TestOutcome::Skipped(_) => &mut counts.skipped,
            } += 1;
        }
        counts
    }

    /// The browsers that there are runs of.
    pub(super) fn kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<_> = self.attempts.iter().map(|attempt| attempt.kind).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }
}

pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
