//! What a run has measured.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::backlog::Backlog;
use super::contention::{Readings, Shares};
use super::plan::{Load, Phase};
use super::schedule::Arrival;
use super::steal::Steal;
use crate::accounts::Renewals;
use crate::histogram::Times;
use crate::sut::Outcome;

/// The name of the renewals of tokens in reports.
const RENEWAL: &str = "renewal";

/// What became of the requests of one name, in one phase or in all.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// How many were due.
    pub(crate) offered: u64,
    /// How many of them the generator took in hand late, through its own fault.
    pub(crate) late: u64,
    /// How many were due and given up before they were sent.
    pub(crate) dropped: u64,
    pub(crate) outcomes: Counts,
    /// What ended while requests arrived, whenever it was due: what rates count. A queue that is worked off
    /// afterwards was not served in that time.
    pub(crate) in_time: Counts,
    /// From the intended start to the end of the answer's body, of those that were answered rightly,
    /// and of those that were waited for in vain.
    pub(crate) latency: Times,
    /// The same from the real start.
    pub(crate) service: Times,
}

impl Default for Tally {
    fn default() -> Self {
        let (latency, service) = (Times::new(), Times::new());
        let (outcomes, in_time) = (Counts::default(), Counts::default());
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
pub(crate) struct Counts([u64; Outcome::ALL.len()]);

impl Counts {
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

/// A phase and what became of its requests, by stream.
#[derive(Clone, Debug)]
pub(crate) struct PhaseResult {
    pub(crate) phase: Phase,
    /// Since the run's start.
    pub(crate) start: Duration,
    pub(crate) tallies: Vec<Tally>,
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
    pub(crate) outcomes: Counts,
    /// How long those took that were due in it; see [`Tally::latency`].
    pub(crate) latency: Times,
}

impl Second {
    pub(super) fn new(streams: usize, times: impl Fn() -> Times) -> Self {
        let tally = || SecondTally { offered: 0, outcomes: Counts::default(), latency: times() };
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
    /// How many requests it sent once more, since the server had closed the connection as they left.
    pub(crate) resent: u64,
    /// Whether its thread went before all others of the machine, as the system may allow.
    pub(crate) realtime: bool,
    /// Whether it never slept.
    pub(crate) busy_wait: bool,
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
    /// The share of the measured phases, from 0 to 1, in which other machines had the core that they had most,
    /// while this one had work for it; `None` if the system does not say.
    pub(crate) steal: Option<f64>,
    /// What others took of the machine during the measured phases, and how much they may.
    pub(crate) contention: Shares,
    pub(crate) max_others: f64,
    /// How fast the machine computed right before and after, in rounds of the same work per second, if the server
    /// is on it.
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

    /// How many requests of a stream were due in a stretch of whole seconds, and how many ended in it as
    /// they should, whenever those were due.
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

    /// How long a phase lasted.
    pub(crate) fn lasted(&self, phase: &PhaseResult) -> Duration {
        phase.phase.duration.min(self.elapsed.saturating_sub(phase.start))
    }
}
