//! What a run is to do, before anything is sent.

use std::time::Duration;

/// From when on a request counts as late by default: the grain of common timers.
pub(crate) const LATE_AFTER: Duration = Duration::from_millis(1);

/// A run: its phases one after the other, and the bounds of its requests.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) phases: Vec<Phase>,
    pub(crate) spacing: Spacing,
    /// What random spacing is drawn from: the same seed makes the same arrivals.
    pub(crate) seed: u64,
    /// The most requests under way at once, each on a connection of its own. Further requests wait
    /// for a free slot, and that wait is part of their latency. At least 1.
    pub(crate) max_in_flight: usize,
    /// How long a request waits for a slot, and from then on for its whole answer.
    pub(crate) timeout: Duration,
    /// From when on the generator counts as late with a request. The run is invalid if it is late
    /// with more than 1 % of them, or a hundred times as late with one.
    pub(crate) late_after: Duration,
    /// Whether the generator never sleeps, so that it need not be woken for a request or an answer.
    pub(crate) busy_wait: bool,
    /// The share of the machine's processor time, from 0 to 1, that others may take beside
    /// generator and server. The run is invalid if they take more.
    pub(crate) max_others: f64,
    /// Whether each measured request is kept, beside the histograms: 40 bytes each.
    pub(crate) keep_samples: bool,
}

/// A part of a run with one load.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Phase {
    pub(crate) name: String,
    pub(crate) duration: Duration,
    /// Whether its requests count in the run's figures; those of a warm-up do not.
    pub(crate) measured: bool,
    /// One for each stream of requests, in the order in which the run is given them.
    pub(crate) loads: Vec<Load>,
}

/// When the requests of one stream arrive during a phase.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Load {
    /// At a rate, in requests per second, that goes evenly from the one at the phase's start to the
    /// one at its end. Neither is negative.
    Rate {
        /// At the start.
        from: f64,
        /// At the end.
        to: f64,
    },
    /// At these times after the phase's start, in ascending order; those past its end are left out.
    At(Vec<Duration>),
}

/// How the arrivals of a rate lie in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Spacing {
    /// At even distances.
    Even,
    /// At random and independently of each other, as those of many people do (a Poisson process).
    Poisson,
}

impl Load {
    pub(crate) const NONE: Self = Self::constant(0.0);

    pub(crate) const fn constant(rate: f64) -> Self {
        Self::Rate { from: rate, to: rate }
    }

    /// A constant rate that is this load's first one; none if it has no rate.
    pub(crate) fn at_its_start(&self) -> Self {
        match self {
            Self::Rate { from, .. } => Self::constant(*from),
            Self::At(_) => Self::NONE,
        }
    }
}

impl Plan {
    /// One phase with a load for each stream, evenly spaced. It sets no bound to what others take
    /// of the machine, and none to requests under way that is likely to be felt.
    pub(crate) fn constant(loads: Vec<Load>, duration: Duration, timeout: Duration) -> Self {
        let name = "load".to_owned();
        Self {
            phases: vec![Phase { name, duration, measured: true, loads }],
            spacing: Spacing::Even,
            seed: 1,
            max_in_flight: 1000,
            timeout,
            late_after: LATE_AFTER,
            busy_wait: false,
            max_others: 1.0,
            keep_samples: false,
        }
    }

    /// From the first phase's start to the last one's end.
    pub(crate) fn duration(&self) -> Duration {
        self.phases.iter().map(|phase| phase.duration).sum()
    }
}
