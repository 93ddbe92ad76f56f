//! The JSON report. Its schema is in loadtest/README.md; what changes the meaning of a field counts
//! [`SCHEMA_VERSION`] up.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use super::run_info::RunInfo;
use crate::histogram::{Figures, Intervals};
use crate::tally::{OutcomeCounts, Tally};
use crate::verdict::{Ending, Verdict};

const SCHEMA_VERSION: u32 = 1;

/// What every report begins with.
#[derive(Debug, Serialize)]
pub(crate) struct Head<'a> {
    schema_version: u32,
    /// The command that made it.
    experiment: &'a str,
    verdict: Verdict,
    /// In one line.
    reason: &'a str,
    run: &'a RunInfo,
}

impl<'a> Head<'a> {
    pub(crate) fn new(experiment: &'a str, ending: &'a Ending, run: &'a RunInfo) -> Self {
        let Ending { verdict, reason } = ending;
        Self { schema_version: SCHEMA_VERSION, experiment, verdict: *verdict, reason, run }
    }
}

/// Writes a report: the head's fields, and those of `body` beside them.
pub(crate) fn write_json<T: Serialize>(
    file: &Path,
    head: &Head<'_>,
    body: &T,
) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Document<'a, T> {
        #[serde(flatten)]
        head: &'a Head<'a>,
        #[serde(flatten)]
        body: &'a T,
    }
    let mut text = serde_json::to_string_pretty(&Document { head, body })?;
    text.push('\n');
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// The figures of requests by their names.
pub(crate) type Requests = BTreeMap<String, RequestFigures>;

/// What became of the requests of one name.
#[derive(Debug, Serialize)]
pub(crate) struct RequestFigures {
    offered: u64,
    achieved: u64,
    late: u64,
    dropped: u64,
    offered_per_s: f64,
    /// Of what was answered while requests arrived.
    achieved_per_s: f64,
    served_per_s: f64,
    achieved_in_time: u64,
    served_in_time: u64,
    outcomes: BTreeMap<&'static str, u64>,
    latency_us: Figures,
    service_us: Figures,
    latency_95_us: Intervals,
    service_95_us: Intervals,
}

impl RequestFigures {
    /// Of what was measured for this long.
    pub(crate) fn of(tally: &Tally, measured: Duration) -> Self {
        let seconds = measured.as_secs_f64();
        let per_second = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        Self {
            offered: tally.offered,
            achieved: tally.achieved(),
            late: tally.late,
            dropped: tally.dropped,
            offered_per_s: per_second(tally.offered),
            achieved_per_s: per_second(tally.in_time.answered()),
            served_per_s: per_second(tally.in_time.served()),
            achieved_in_time: tally.in_time.answered(),
            served_in_time: tally.in_time.served(),
            outcomes: outcome_counts(&tally.outcomes),
            latency_us: tally.latency.figures(),
            service_us: tally.service.figures(),
            latency_95_us: tally.latency.intervals(),
            service_95_us: tally.service.intervals(),
        }
    }
}

/// How many requests ended in which way, by the keys of the ways.
pub(crate) fn outcome_counts(counts: &OutcomeCounts) -> BTreeMap<&'static str, u64> {
    counts.iter().map(|(outcome, count)| (outcome.key(), count)).collect()
}
