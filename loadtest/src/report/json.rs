//! The JSON report. Its schema is in loadtest/README.md; what changes the meaning of a field counts
//! [`SCHEMA_VERSION`] up.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use super::machine::RunInfo;
use crate::histogram::{Figures, Intervals};
use crate::open::{RunResult, Shares, Tally};
use crate::slo::Judged;
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
///
/// # Errors
///
/// The file cannot be written.
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

/// The figures of an open-loop run.
#[derive(Debug, Serialize)]
pub(crate) struct OpenBody {
    requests: Requests,
    slos: Vec<Judged>,
    failures: Vec<crate::open::FailureCount>,
    generator: GeneratorFigures,
    /// As of [`RunResult`].
    steal: Option<f64>,
    contention: ContentionFigures,
    interrupted: bool,
    /// How long requests were to be offered, and were.
    planned_s: f64,
    elapsed_s: f64,
    phases: Vec<PhaseFigures>,
    timeline: Vec<SecondFigures>,
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
        let per_second = |count: u64| match measured.is_zero() {
            true => 0.0,
            false => count as f64 / measured.as_secs_f64(),
        };
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
            outcomes: outcomes(&tally.outcomes),
            latency_us: tally.latency.figures(),
            service_us: tally.service.figures(),
            latency_95_us: tally.latency.intervals(),
            service_95_us: tally.service.intervals(),
        }
    }
}

fn outcomes(counts: &crate::open::Counts) -> BTreeMap<&'static str, u64> {
    counts.iter().map(|(outcome, count)| (outcome.key(), count)).collect()
}

/// The figures of one phase.
#[derive(Debug, Serialize)]
struct PhaseFigures {
    name: String,
    start_s: f64,
    duration_s: f64,
    measured: bool,
    requests: Requests,
}

/// What happened in one second of the run.
#[derive(Debug, Serialize)]
struct SecondFigures {
    second: usize,
    worst_lag_us: u128,
    steal: Option<f64>,
    contention: Shares,
    requests: BTreeMap<String, SecondRequestFigures>,
}

#[derive(Debug, Serialize)]
struct SecondRequestFigures {
    offered: u64,
    outcomes: BTreeMap<&'static str, u64>,
    latency_us: Figures,
}

/// What others took of the machine.
#[derive(Debug, Serialize)]
struct ContentionFigures {
    #[serde(flatten)]
    shares: Shares,
    /// What they took in the second in which that was most.
    worst_second: Option<f64>,
    max_others: f64,
}

/// What the generator saw of itself.
#[derive(Debug, Serialize)]
struct GeneratorFigures {
    lag_us: Figures,
    late_after_us: u128,
    late: u64,
    cpu: f64,
    peak_cpu: f64,
    peak_in_flight: u64,
    peak_waiting: u64,
    connections: u64,
    resent: u64,
    realtime: bool,
    busy_wait: bool,
}

impl OpenBody {
    pub(crate) fn new(result: &RunResult, slos: &[Judged], planned: Duration) -> Self {
        let generator = &result.generator;
        Self {
            requests: requests(result),
            slos: slos.to_vec(),
            failures: result.failures.clone(),
            generator: GeneratorFigures {
                lag_us: generator.lag.times.figures(),
                late_after_us: generator.lag.late_after.as_micros(),
                late: generator.lag.late,
                cpu: generator.cpu,
                peak_cpu: generator.peak_cpu,
                peak_in_flight: generator.peak_in_flight,
                peak_waiting: generator.peak_waiting,
                connections: generator.connections,
                resent: generator.resent,
                realtime: generator.realtime,
                busy_wait: generator.busy_wait,
            },
            steal: result.steal,
            contention: ContentionFigures {
                shares: result.contention,
                worst_second: result.worst_second().map(|(_, others)| others),
                max_others: result.max_others,
            },
            interrupted: result.interrupted,
            planned_s: planned.as_secs_f64(),
            elapsed_s: result.elapsed.as_secs_f64(),
            phases: phases(result),
            timeline: timeline(result),
        }
    }
}

/// The figures of a run's requests in its measured phases.
pub(crate) fn requests(result: &RunResult) -> Requests {
    let measured = result.measured();
    let figures =
        |(name, tally): (&str, Tally)| (name.to_owned(), RequestFigures::of(&tally, measured));
    result.shown().into_iter().map(figures).collect()
}

fn phases(result: &RunResult) -> Vec<PhaseFigures> {
    let figures = |phase: &crate::open::PhaseResult| {
        let lasted = result.lasted(phase);
        let tallies = result.names.iter().zip(&phase.tallies);
        PhaseFigures {
            name: phase.phase.name.clone(),
            start_s: phase.start.as_secs_f64(),
            duration_s: lasted.as_secs_f64(),
            measured: phase.phase.measured,
            requests: tallies
                .map(|(name, tally)| (name.clone(), RequestFigures::of(tally, lasted)))
                .collect(),
        }
    };
    result.phases.iter().map(figures).collect()
}

fn timeline(result: &RunResult) -> Vec<SecondFigures> {
    let seconds = result.timeline.iter().enumerate();
    seconds
        .map(|(second, figures)| SecondFigures {
            second,
            worst_lag_us: figures.worst_lag.as_micros(),
            steal: figures.steal,
            contention: figures.contention,
            requests: result
                .names
                .iter()
                .zip(&figures.tallies)
                .map(|(name, tally)| {
                    let figures = SecondRequestFigures {
                        offered: tally.offered,
                        outcomes: outcomes(&tally.outcomes),
                        latency_us: tally.latency.figures(),
                    };
                    (name.clone(), figures)
                })
                .collect(),
        })
        .collect()
}
