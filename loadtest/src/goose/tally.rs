//! Counts the outcome of every request of a run. Goose counts too, but forgets the ramp-up, and
//! does not know a right answer from a wrong one with the same status.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::sut::{Call, Failure, Outcome, Target, TwoStep};

/// A row of the reports.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct RequestRow {
    pub(crate) call: Call,
    /// The call replaced a token that was about to expire; no scenario asked for it.
    pub(crate) renewal: bool,
}

impl RequestRow {
    pub(crate) fn of(call: Call) -> Self {
        Self { call, renewal: false }
    }

    /// Its key in JSON.
    pub(crate) fn key(self) -> String {
        let renewal = if self.renewal { "_renewal" } else { "" };
        format!("{}{renewal}", self.call.key())
    }

    /// Its name in Goose's reports: the path, and what is special about the request.
    pub(crate) fn name(self, target: &Target) -> String {
        let (_, path) = target.endpoint(self.call);
        match self.call {
            _ if self.renewal => format!("{path} (renewal)"),
            Call::BadLogin(_) | Call::BadToken(_) | Call::TwoStep(TwoStep::Password) => {
                format!("{path} ({})", self.call)
            }
            _ => path.to_owned(),
        }
    }
}

/// Failures of one kind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FailureKind {
    pub(crate) row: RequestRow,
    pub(crate) kind: String,
    pub(crate) count: u64,
    /// The detail of the first one.
    pub(crate) example: String,
}

/// How many requests of a row fell into each class, in the order of [`Outcome::ALL`].
pub(crate) type Outcomes = [u64; Outcome::ALL.len()];

#[derive(Debug, Default)]
struct Counts {
    outcomes: BTreeMap<RequestRow, Outcomes>,
    failures: BTreeMap<(RequestRow, String), (u64, String)>,
    /// What was accepted and must never be.
    accepted: Vec<&'static str>,
}

/// The requests so far; shared by all users.
#[derive(Debug, Default)]
pub(crate) struct RequestTally(Mutex<Counts>);

impl RequestTally {
    /// Counts a request that was answered as it should be.
    pub(crate) fn served(&self, row: RequestRow, outcome: Outcome) {
        self.lock().count(row, outcome);
    }

    /// Counts a request that was not. If something was accepted that must never be, says what.
    pub(crate) fn failed(&self, row: RequestRow, failure: Failure) -> Option<&'static str> {
        let mut counts = self.lock();
        counts.count(row, failure.outcome);
        let accepted = row.call.accepted().filter(|accepted| failure.kind == *accepted);
        if let Some(accepted) = accepted
            && !counts.accepted.contains(&accepted)
        {
            counts.accepted.push(accepted);
        }
        let entry = counts.failures.entry((row, failure.kind)).or_insert((0, failure.detail));
        entry.0 += 1;
        accepted
    }

    /// What was accepted and must never be, each once.
    pub(crate) fn accepted(&self) -> Vec<&'static str> {
        self.lock().accepted.clone()
    }

    pub(crate) fn outcomes(&self) -> BTreeMap<RequestRow, Outcomes> {
        self.lock().outcomes.clone()
    }

    /// The failures, the most frequent first.
    pub(crate) fn failures(&self) -> Vec<FailureKind> {
        let counts = self.lock();
        let mut failures: Vec<FailureKind> = counts
            .failures
            .iter()
            .map(|((row, kind), (count, example))| FailureKind {
                row: *row,
                kind: kind.clone(),
                count: *count,
                example: example.clone(),
            })
            .collect();
        failures.sort_by_key(|failure| std::cmp::Reverse(failure.count));
        failures
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn count(&mut self, row: RequestRow, outcome: Outcome) {
        let outcomes = self.outcomes.entry(row).or_default();
        if let Some(at) = Outcome::ALL.iter().position(|class| *class == outcome) {
            outcomes[at] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sut::BadToken;

    fn wrong(kind: &str, detail: &str) -> Failure {
        Failure::new(Outcome::Unexpected, kind, detail)
    }

    #[test]
    fn failures_of_one_kind_are_counted_together_and_keep_the_first_example() {
        let tally = RequestTally::default();
        let (login, verify) = (RequestRow::of(Call::Login), RequestRow::of(Call::Verify));
        tally.failed(login, wrong("wrong user id", "1 for 2"));
        tally.failed(verify, wrong("wrong user id", "3 for 4"));
        tally.failed(verify, wrong("wrong user id", "5 for 6"));
        let expected = |row, count, example: &str| FailureKind {
            row,
            kind: "wrong user id".into(),
            count,
            example: example.into(),
        };
        assert_eq!(
            tally.failures(),
            [expected(verify, 2, "3 for 4"), expected(login, 1, "1 for 2")]
        );
    }

    #[test]
    fn every_request_falls_into_one_class() {
        let tally = RequestTally::default();
        let row = RequestRow::of(Call::Login);
        tally.served(row, Outcome::Ok);
        tally.served(row, Outcome::Ok);
        tally.failed(row, Failure::new(Outcome::Overloaded, "status 503", ""));
        tally.failed(row, Failure::new(Outcome::Transport, "timed out", ""));
        assert_eq!(tally.outcomes()[&row], [2, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn what_must_never_be_accepted_is_remembered_apart() {
        let tally = RequestTally::default();
        let row = RequestRow::of(Call::BadToken(BadToken::Expired));
        tally.failed(row, wrong("status 500", ""));
        assert!(tally.accepted().is_empty());
        tally.failed(row, wrong("an expired token was accepted", ""));
        tally.failed(row, wrong("an expired token was accepted", ""));
        assert_eq!(tally.accepted(), ["an expired token was accepted"]);
    }
}
