//! What a run has measured.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::backlog::Backlog;
use super::plan::{Load, Phase, Plan};
use super::schedule::Arrival;
use crate::accounts::Renewals;
use crate::histogram::Times;
use crate::machine::{Readings, Shares, Steal};
use crate::sut::Outcome;
use crate::tally::{OutcomeCounts, Tally};

/// The name of the renewals of tokens in reports.
const RENEWAL: &str = "renewal";

/// A phase and what became of its requests, by stream.
#[derive(Clone, Debug)]
pub(crate) struct PhaseResult {
    pub(crate) phase: Phase,
    /// Since the run's start.
    pub(crate) start: Duration,
    pub(crate) tallies: Vec<Tally>,
}

impl PhaseResult {
    /// The phases of a plan, before anything has happened.
    pub(super) fn of(plan: &Plan, streams: usize) -> Vec<Self> {
        let mut start = Duration::ZERO;
        let mut phases = Vec::new();
        for phase in &plan.phases {
            let tallies = vec![Tally::default(); streams];
            phases.push(Self { phase: phase.clone(), start, tallies });
            start += phase.duration;
        }
        phases
    }
}

/// A host and what became of its requests in the measured phases, by stream.
#[derive(Clone, Debug)]
pub(crate) struct HostResult {
    pub(crate) host: String,
    pub(crate) tallies: Vec<Tally>,
}

impl HostResult {
    /// The hosts of these names, before anything has happened; none if there is only one.
    pub(super) fn of(names: Vec<String>, streams: usize) -> Vec<Self> {
        if names.len() < 2 {
            return Vec::new();
        }
        let tallies = || vec![Tally::default(); streams];
        names.into_iter().map(|host| Self { host, tallies: tallies() }).collect()
    }
}

/// A second of the run.
#[derive(Clone, Debug)]
pub(crate) struct Second {
    /// By stream.
    pub(crate) tallies: Vec<SecondTally>,
    /// The furthest that the generator was behind with what was due in it.
    pub(crate) worst_lag: Duration,
    /// As of [`RunResult`].
    pub(crate) steal: Option<f64>,
    pub(crate) contention: Shares,
}

/// What happened to one stream in a second.
#[derive(Clone, Debug)]
pub(crate) struct SecondTally {
    /// How many were due in it.
    pub(crate) offered: u64,
    /// What ended in it, whenever it was due.
    pub(crate) outcomes: OutcomeCounts,
    /// How long those took that were due in it; see [`Tally::latency`].
    pub(crate) latency: Times,
}

impl Second {
    pub(super) fn new(streams: usize, times: impl Fn() -> Times) -> Self {
        let tally =
            || SecondTally { offered: 0, outcomes: OutcomeCounts::default(), latency: times() };
        let tallies = (0..streams).map(|_| tally()).collect();
        Self { tallies, worst_lag: Duration::ZERO, steal: None, contention: Shares::default() }
    }
}

/// A measured request by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) arrival: Arrival,
    /// From the intended start.
    pub(crate) latency: Duration,
    /// From the real start, if it was sent.
    pub(crate) service: Option<Duration>,
    pub(crate) outcome: Outcome,
}

/// How far the generator was behind its schedule, over the measured phases.
#[derive(Clone, Debug)]
pub(crate) struct Lag {
    pub(crate) times: Times,
    /// From when on a request counts as late.
    pub(crate) late_after: Duration,
    /// With how many requests the generator was late.
    pub(crate) late: u64,
}

/// What the generator saw of itself.
#[derive(Clone, Debug)]
pub(crate) struct Generator {
    pub(crate) lag: Lag,
    /// The share of one core that its thread used over the run, from 0 to 1.
    pub(crate) cpu: f64,
    /// The same in its busiest second.
    pub(crate) peak_cpu: f64,
    /// The most requests that were under way at once.
    pub(crate) peak_in_flight: u64,
    /// The most that waited for a free slot at once.
    pub(crate) peak_waiting: u64,
    /// How many connections it opened.
    pub(crate) connections: u64,
    /// How many requests it sent once more, since the server had closed the connection as they
    /// left.
    pub(crate) resent: u64,
    /// Whether its thread went before all others of the machine, as the system may allow.
    pub(crate) realtime: bool,
    /// Whether it never slept.
    pub(crate) busy_wait: bool,
}

impl Generator {
    /// How far it was behind with 99 of 100 requests at most, in microseconds.
    pub(crate) fn lag_p99_us(&self) -> u64 {
        self.lag.times.quantile(0.99).unwrap_or_default()
    }
}

/// How often a request failed in one way.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct FailureCount {
    /// The stream's name.
    pub(crate) request: String,
    pub(crate) kind: String,
    pub(crate) count: u64,
    /// The detail of the first one; may be empty.
    pub(crate) example: String,
}

/// What a run has measured.
#[derive(Clone, Debug)]
pub(crate) struct RunResult {
    /// The streams' names, in the order of every list by stream.
    pub(crate) names: Vec<String>,
    pub(crate) phases: Vec<PhaseResult>,
    /// By host, if there are several.
    pub(crate) hosts: Vec<HostResult>,
    pub(crate) timeline: Vec<Second>,
    /// By stream.
    pub(crate) backlogs: Vec<Backlog>,
    pub(crate) generator: Generator,
    /// The most frequent first; those of a warm-up too.
    pub(crate) failures: Vec<FailureCount>,
    /// The measured requests in the order of their ends, if the plan asked for them.
    pub(crate) samples: Option<Vec<Sample>>,
    /// Of the users' tokens, beside the load and on top of it.
    pub(crate) renewals: Renewals,
    /// The share of the measured phases, from 0 to 1, in which other machines had a core while this
    /// one had work for it. It is that of the core that lost the most. `None` if the system does
    /// not say.
    pub(crate) steal: Option<f64>,
    /// What others took of the machine during the measured phases, and how much they may.
    pub(crate) contention: Shares,
    pub(crate) max_others: f64,
    /// How fast the machine computed right before and after, in rounds of the same work per second,
    /// if the server is on it.
    pub(crate) speed: Option<f64>,
    /// How long requests were offered: the plan's duration, unless the run was cut short.
    pub(crate) elapsed: Duration,
    /// Whether it was cut short.
    pub(crate) interrupted: bool,
}

impl RunResult {
    /// What became of a stream's requests in the measured phases, by name.
    pub(crate) fn requests(&self) -> BTreeMap<&str, Tally> {
        let names = self.names.iter().enumerate();
        names.map(|(stream, name)| (name.as_str(), self.total(stream))).collect()
    }

    /// The same with the renewals of tokens, if there were any, for whoever shows them.
    pub(crate) fn shown(&self) -> BTreeMap<&str, Tally> {
        let mut requests = self.requests();
        if self.renewals.tally.offered > 0 {
            requests.insert(RENEWAL, self.renewals.tally.clone());
        }
        requests
    }

    /// Notes what became of the renewals meanwhile.
    pub(crate) fn note_renewals(&mut self, renewals: Renewals) {
        let failures = renewals.failures.iter().map(|(kind, (count, example))| FailureCount {
            request: RENEWAL.to_owned(),
            kind: kind.clone(),
            count: *count,
            example: example.clone(),
        });
        self.failures.extend(failures);
        self.renewals = renewals;
    }

    /// What became of the requests of one stream in the measured phases.
    pub(crate) fn total(&self, stream: usize) -> Tally {
        let mut total = Tally::default();
        for phase in self.phases.iter().filter(|phase| phase.phase.measured) {
            total.merge(&phase.tallies[stream]);
        }
        total
    }

    /// How many requests of a stream were due in a stretch of whole seconds, and how many were
    /// answered rightly in it, whenever those were due.
    pub(crate) fn within(&self, from: Duration, length: Duration, stream: usize) -> (u64, u64) {
        let whole = |time: Duration| usize::try_from(time.as_secs()).unwrap_or(usize::MAX);
        let seconds = self.timeline.iter().skip(whole(from)).take(whole(length));
        seconds.map(|second| &second.tallies[stream]).fold((0, 0), |(offered, served), tally| {
            (offered + tally.offered, served + tally.outcomes.served())
        })
    }

    /// Notes what was stolen from the cores in a run that began at `start`.
    pub(super) fn note_steal(&mut self, steal: &Steal, start: Instant) {
        const SECOND: Duration = Duration::from_secs(1);
        for (at, second) in (0..).zip(&mut self.timeline) {
            second.steal = steal.share(start + SECOND * at, SECOND);
        }
        // They follow on one another: all that does not count comes before.
        let first = self.phases.iter().find(|phase| phase.phase.measured);
        self.steal = first.and_then(|phase| steal.share(start + phase.start, self.measured()));
    }

    /// Notes what others took of the machine in a run that began at `start`.
    pub(super) fn note_contention(&mut self, readings: &Readings, start: Instant, most: f64) {
        const SECOND: Duration = Duration::from_secs(1);
        for (at, second) in (0..).zip(&mut self.timeline) {
            second.contention = readings.shares(start + SECOND * at, SECOND);
        }
        let first = self.phases.iter().find(|phase| phase.phase.measured);
        let measured = first.map(|phase| readings.shares(start + phase.start, self.measured()));
        self.contention = measured.unwrap_or_default();
        self.max_others = most;
    }

    /// The measured second in which others took the most of the machine, and what they took.
    pub(crate) fn worst_second(&self) -> Option<(usize, f64)> {
        let first = self.phases.iter().find(|phase| phase.phase.measured)?;
        let whole = |time: Duration| usize::try_from(time.as_secs()).unwrap_or(usize::MAX);
        let (from, to) = (whole(first.start), whole(self.elapsed));
        let seconds = self.timeline.iter().enumerate().take(to).skip(from);
        let others = seconds.filter_map(|(at, second)| Some((at, second.contention.others?)));
        others.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The rate of a stream, in requests per second, if it has the same one in all measured phases.
    pub(crate) fn constant_rate(&self, stream: usize) -> Option<f64> {
        let measured = self.phases.iter().filter(|phase| phase.phase.measured);
        let mut rates = measured.map(|phase| match phase.phase.loads.get(stream) {
            Some(Load::Rate { from, to }) if from == to && *from > 0.0 => Some(*from),
            _ => None,
        });
        let first = rates.next()??;
        rates.all(|rate| rate == Some(first)).then_some(first)
    }

    /// How long the measured phases lasted; less than planned after an interrupt.
    pub(crate) fn measured(&self) -> Duration {
        let lasted = |phase: &PhaseResult| self.lasted(phase);
        self.phases.iter().filter(|phase| phase.phase.measured).map(lasted).sum()
    }

    /// When the run was cut short, if it was.
    pub(crate) fn interrupted_after(&self) -> Option<String> {
        let seconds = self.elapsed.as_secs_f64();
        self.interrupted.then(|| format!("interrupted after {seconds:.1} s"))
    }

    /// How long a phase lasted.
    pub(crate) fn lasted(&self, phase: &PhaseResult) -> Duration {
        phase.phase.duration.min(self.elapsed.saturating_sub(phase.start))
    }
}
