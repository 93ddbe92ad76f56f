//! What a search for a rate has found.

use super::probe::Probe;
use super::search::{Bounds, Limit, ProbeOutcome};
use crate::experiment::Stream;
use crate::slo::Slo;
use crate::text::rate_text;

/// The knee of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) stream: Stream,
    /// What a rate had to hold.
    pub(crate) slos: Vec<Slo>,
    pub(crate) bounds: Bounds,
    /// In the order in which they were made.
    pub(crate) probes: Vec<Probe>,
}

impl Found {
    /// Whether nothing is known, since the generator fell behind in each probe.
    pub(crate) fn is_invalid(&self) -> bool {
        self.bounds.holds_per_s.is_none() && self.bounds.limit == Limit::Generator
    }

    /// How fast the machine was when rates held.
    pub(crate) fn speed(&self) -> Option<f64> {
        let held = self.probes.iter().filter(|probe| probe.outcome == ProbeOutcome::Holds);
        held.filter_map(|probe| probe.speed).reduce(f64::max)
    }

    /// The probes that say something, by rate.
    pub(crate) fn valid(&self) -> Vec<&Probe> {
        let valid =
            |probe: &&Probe| matches!(probe.outcome, ProbeOutcome::Holds | ProbeOutcome::Misses);
        let mut probes: Vec<&Probe> = self.probes.iter().filter(valid).collect();
        probes.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        probes
    }

    /// Why the last probe that says nothing does not.
    fn fault(&self) -> &str {
        let fault = self.probes.iter().rev().find_map(|probe| probe.faults.first());
        fault.map_or("the generator fell behind", String::as_str)
    }

    /// In one line.
    pub(crate) fn in_one_line(&self) -> String {
        let Bounds { holds_per_s, beyond_per_s, limit } = self.bounds;
        let stream = self.stream;
        let at = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), rate_text);
        let (low, high) = (at(holds_per_s), at(beyond_per_s));
        match (limit, holds_per_s) {
            (Limit::Server, _) => format!("{stream}: {low}/s hold, {high}/s do not"),
            (Limit::Generator, Some(_)) => format!(
                "{stream}: at least {low}/s hold; at {high}/s the generator or its machine is the limit, not the server"
            ),
            (Limit::Generator, None) => {
                format!("{stream}: no rate says anything, down to {high}/s: {}", self.fault())
            }
            (Limit::Most, _) => format!("{stream}: {low}/s hold, and more was not tried"),
            (Limit::Least, _) => format!("{stream}: not even {high}/s hold"),
            (Limit::Stopped, None) => format!("{stream}: interrupted before any rate held"),
            (Limit::Stopped, Some(_)) => format!("{stream}: interrupted; {low}/s hold so far"),
        }
    }
}
