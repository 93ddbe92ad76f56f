//! Counts every failure of a run by request and reason. Goose counts them too, but forgets those of
//! the ramp-up, and does not know a right answer from a wrong one with status 200.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Why a request failed: what kind of failure it is, and what this one looked like.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Reason {
    /// The same for every failure of this kind, so that they can be counted.
    pub(crate) kind: String,
    /// What may differ from one to the next; empty if nothing does.
    pub(crate) detail: String,
}

impl Reason {
    pub(crate) fn new(kind: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind: kind.into(), detail: detail.into() }
    }
}

/// Failures of one kind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Failures {
    /// The request's name, as in the summary.
    pub(crate) request: &'static str,
    pub(crate) kind: String,
    pub(crate) count: u64,
    /// The detail of the first one.
    pub(crate) example: String,
}

type Counts = BTreeMap<(&'static str, String), (u64, String)>;

/// The failures so far; shared by all users.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counts>);

impl Tally {
    pub(crate) fn add(&self, request: &'static str, reason: Reason) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = counts.entry((request, reason.kind)).or_insert((0, reason.detail));
        entry.0 += 1;
    }

    /// The failures, the most frequent first.
    pub(crate) fn failures(&self) -> Vec<Failures> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut failures: Vec<Failures> = counts
            .iter()
            .map(|((request, kind), (count, example))| Failures {
                request,
                kind: kind.clone(),
                count: *count,
                example: example.clone(),
            })
            .collect();
        failures.sort_by_key(|failure| std::cmp::Reverse(failure.count));
        failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_one_kind_are_counted_together_and_keep_the_first_example() {
        let tally = Tally::default();
        tally.add("a", Reason::new("wrong sub", "1 for 2"));
        tally.add("b", Reason::new("wrong sub", "3 for 4"));
        tally.add("b", Reason::new("wrong sub", "5 for 6"));
        let expected = |request, count, example: &str| Failures {
            request,
            kind: "wrong sub".into(),
            count,
            example: example.into(),
        };
        assert_eq!(tally.failures(), [expected("b", 2, "3 for 4"), expected("a", 1, "1 for 2")]);
    }
}
