//! Counts what becomes of each request. It has no clock: every time is given to it, since the run's
//! start.

use std::collections::BTreeMap;
use std::time::Duration;

use super::backlog::Backlog;
use super::plan::{Plan, Spacing};
use super::result::{FailureCount, HostResult, Lag, PhaseResult, Sample, Second};
use super::schedule::Arrival;
use crate::histogram::Times;
use crate::sut::{Failure, Outcome};
use crate::tally::Tally;

/// How a request ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// It was answered: what was asked for, or something else.
    Answered(Result<Outcome, Failure>),
    /// Its answer was not there in time.
    TimedOut,
    /// There was no connection, or it broke.
    Broken(Failure),
}

impl End {
    /// The class of a request that was not answered as it should be.
    pub(super) fn failed(&self) -> Option<Outcome> {
        match self {
            Self::Answered(Ok(_)) => None,
            Self::Answered(Err(failure)) | Self::Broken(failure) => Some(failure.outcome),
            Self::TimedOut => Some(Outcome::Transport),
        }
    }
}

/// How often a kind of failure occurred, and the detail of the first one.
pub(crate) type FailureCounts = BTreeMap<(usize, String), (u64, String)>;

/// The books of a run.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(super) phases: Vec<PhaseResult>,
    /// By host, if there are several.
    pub(super) hosts: Vec<HostResult>,
    pub(super) timeline: Vec<Second>,
    pub(super) backlogs: Vec<Backlog>,
    pub(super) lag: Lag,
    failures: FailureCounts,
    pub(super) samples: Option<Vec<Sample>>,
    streams: usize,
    /// When requests ceased to arrive: the plan's end, unless the run is cut short.
    arrivals_end: Duration,
}

impl Ledger {
    /// `hosts` are their names.
    pub(crate) fn new(plan: &Plan, streams: usize, hosts: Vec<String>) -> Self {
        let phases = PhaseResult::of(plan, streams);
        let end = plan.duration();
        let first = phases.iter().find(|phase| phase.phase.measured);
        let measured_from = first.map_or(Duration::ZERO, |phase| phase.start);
        let random = plan.spacing == Spacing::Poisson;
        let backlog = Backlog::new(measured_from, end - measured_from, random);
        let seconds = usize::try_from(end.as_secs()).unwrap_or(0).min(100_000);
        Self {
            phases,
            hosts: HostResult::of(hosts, streams),
            timeline: Vec::with_capacity(seconds + 1),
            backlogs: vec![backlog; streams],
            lag: Lag { times: Times::new(), late_after: plan.late_after, late: 0 },
            failures: FailureCounts::new(),
            samples: plan.keep_samples.then(Vec::new),
            streams,
            arrivals_end: end,
        }
    }

    /// No more requests arrive from now on.
    pub(crate) fn arrivals_ended(&mut self, at: Duration) {
        self.arrivals_end = self.arrivals_end.min(at);
    }

    /// A request was due.
    pub(crate) fn due(&mut self, arrival: &Arrival) {
        self.book(arrival, |tally| tally.offered += 1);
        let stream = arrival.stream;
        self.backlogs[stream].due(arrival.intended);
        self.second(arrival.intended).tallies[stream].offered += 1;
    }

    /// The generator was this much behind when it took the request in hand. Each is told once.
    pub(crate) fn lagged(&mut self, arrival: &Arrival, lag: Duration) {
        let second = self.second(arrival.intended);
        second.worst_lag = second.worst_lag.max(lag);
        if !self.phases[arrival.phase].phase.measured {
            return;
        }
        self.lag.times.record(lag);
        if lag > self.lag.late_after {
            self.lag.late += 1;
            self.book(arrival, |tally| tally.late += 1);
        }
    }

    /// A request has ended at `done`. `sent` is when it really began, if it did.
    pub(crate) fn ended(
        &mut self,
        arrival: &Arrival,
        sent: Option<Duration>,
        done: Duration,
        end: End,
    ) {
        let timed_out = matches!(end, End::TimedOut);
        let outcome = match end {
            End::Answered(Ok(outcome)) => outcome,
            End::TimedOut => self.failed(arrival, timed_out_failure()),
            End::Answered(Err(failure)) | End::Broken(failure) => self.failed(arrival, failure),
        };
        let latency = done.saturating_sub(arrival.intended);
        let service = sent.map(|sent| done.saturating_sub(sent));
        let stream = arrival.stream;
        self.book(arrival, |tally| tally.outcomes.add(outcome));
        // Requests that were refused or broke at once would make the times look better than they
        // are. A request that waited in vain has waited at least this long.
        if outcome.is_served() || timed_out {
            self.timed(arrival, latency, service);
        }
        self.second(done).tallies[stream].outcomes.add(outcome);
        if outcome != Outcome::Transport {
            self.backlogs[stream].answered(done);
        }
        self.book_in_time(arrival, done, outcome);
        if self.phases[arrival.phase].phase.measured
            && let Some(samples) = &mut self.samples
        {
            samples.push(Sample { arrival: *arrival, latency, service, outcome });
        }
    }

    /// Records how long a request took.
    fn timed(&mut self, arrival: &Arrival, latency: Duration, service: Option<Duration>) {
        self.book(arrival, |tally| {
            tally.latency.record(latency);
            service.into_iter().for_each(|service| tally.service.record(service));
        });
        self.second(arrival.intended).tallies[arrival.stream].latency.record(latency);
    }

    /// A request was given up before it was sent. `waited_out` if that is since it had waited for
    /// as long as a request may, and not since the run was cut short.
    pub(crate) fn dropped(&mut self, arrival: &Arrival, now: Duration, waited_out: bool) {
        self.book(arrival, |tally| tally.dropped += 1);
        if waited_out {
            self.timed(arrival, now.saturating_sub(arrival.intended), None);
        }
    }

    fn failed(&mut self, arrival: &Arrival, failure: Failure) -> Outcome {
        let Failure { outcome, kind, detail } = failure;
        self.failures.entry((arrival.stream, kind)).or_insert((0, detail)).0 += 1;
        outcome
    }

    /// The failures of each kind, the most frequent first; `names` are those of the streams.
    pub(super) fn failures_of(&self, names: &[String]) -> Vec<FailureCount> {
        let count = |((stream, kind), (count, example)): (&(usize, String), &(u64, String))| {
            let (request, kind, example) = (names[*stream].clone(), kind.clone(), example.clone());
            FailureCount { request, kind, count: *count, example }
        };
        let mut failures: Vec<FailureCount> = self.failures.iter().map(count).collect();
        failures.sort_by_key(|failure| std::cmp::Reverse(failure.count));
        failures
    }

    /// The phase whose requests arrived at that time; `None` after the last of them.
    fn arriving_at(&mut self, at: Duration) -> Option<&mut PhaseResult> {
        let phases = self.phases.iter_mut();
        phases.rev().find(|phase| phase.start <= at).filter(|_| at <= self.arrivals_end)
    }

    /// Books something on a request's phase and on its host.
    fn book(&mut self, arrival: &Arrival, book: impl Fn(&mut Tally)) {
        let phase = &mut self.phases[arrival.phase];
        book(&mut phase.tallies[arrival.stream]);
        if phase.phase.measured
            && let Some(host) = self.hosts.get_mut(arrival.host)
        {
            book(&mut host.tallies[arrival.stream]);
        }
    }

    /// Books an answer that came while requests arrived, on the phase that it came in.
    fn book_in_time(&mut self, arrival: &Arrival, done: Duration, outcome: Outcome) {
        let Some(phase) = self.arriving_at(done) else { return };
        phase.tallies[arrival.stream].in_time.add(outcome);
        if phase.phase.measured
            && let Some(host) = self.hosts.get_mut(arrival.host)
        {
            host.tallies[arrival.stream].in_time.add(outcome);
        }
    }

    /// The second of the run in which this time falls.
    fn second(&mut self, at: Duration) -> &mut Second {
        let index = usize::try_from(at.as_secs()).unwrap_or(usize::MAX);
        while self.timeline.len() <= index {
            self.timeline.push(Second::new(self.streams, Times::coarse));
        }
        &mut self.timeline[index]
    }
}

fn timed_out_failure() -> Failure {
    Failure::new(Outcome::Transport, "timed out", "")
}
