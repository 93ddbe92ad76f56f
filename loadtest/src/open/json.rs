//! What the JSON report has of an open-loop run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::result::{FailureCount, HostResult, PhaseResult, RunResult, Second, SecondTally};
use crate::histogram::Figures;
use crate::machine::Shares;
use crate::report::{RequestFigures, Requests, outcome_counts};
use crate::slo::Judged;
use crate::tally::Tally;

/// The figures of an open-loop run.
#[derive(Debug, Serialize)]
pub(crate) struct OpenJson {
    requests: Requests,
    slos: Vec<Judged>,
    failures: Vec<FailureCount>,
    generator: GeneratorFigures,
    /// As of [`RunResult`].
    steal: Option<f64>,
    contention: ContentionFigures,
    interrupted: bool,
    /// How long requests were to be offered, and were.
    planned_s: f64,
    elapsed_s: f64,
    phases: Vec<PhaseFigures>,
    /// If there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<HostFigures>,
    timeline: Vec<SecondFigures>,
}

/// The figures of one host in the measured phases.
#[derive(Debug, Serialize)]
struct HostFigures {
    host: String,
    requests: Requests,
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

impl OpenJson {
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
            hosts: hosts(result),
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
    let figures = |phase: &PhaseResult| {
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

fn hosts(result: &RunResult) -> Vec<HostFigures> {
    let measured = result.measured();
    let figures = |host: &HostResult| {
        let figures = host.tallies.iter().map(|tally| RequestFigures::of(tally, measured));
        let requests = result.names.iter().cloned().zip(figures).collect();
        HostFigures { host: host.host.clone(), requests }
    };
    result.hosts.iter().map(figures).collect()
}

fn timeline(result: &RunResult) -> Vec<SecondFigures> {
    let request = |(name, tally): (&String, &SecondTally)| {
        let outcomes = outcome_counts(&tally.outcomes);
        let (offered, latency_us) = (tally.offered, tally.latency.figures());
        (name.clone(), SecondRequestFigures { offered, outcomes, latency_us })
    };
    let figures = |(second, figures): (usize, &Second)| SecondFigures {
        second,
        worst_lag_us: figures.worst_lag.as_micros(),
        steal: figures.steal,
        contention: figures.contention,
        requests: result.names.iter().zip(&figures.tallies).map(request).collect(),
    };
    result.timeline.iter().enumerate().map(figures).collect()
}
