//! What an objective compares with its bound.

use std::time::Duration;

use crate::histogram::Times;
use crate::tally::Tally;
use crate::text::time as time_text;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Measure {
    /// A latency in microseconds, from the intended start.
    Latency(Statistic),
    /// A service time in microseconds, from the real start.
    Service(Statistic),
    /// A number of requests, in percent of those that were due.
    Share(Count),
    /// A number of requests per second.
    Rate(Count),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Statistic {
    /// The time that this share of all does not exceed.
    Quantile(f64),
    Max,
    Mean,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Count {
    /// Not answered as they should be.
    Errors,
    /// Answered in whatever way.
    Achieved,
    /// Answered as they should be.
    Served,
    /// Given up before they were sent.
    Dropped,
    /// Taken in hand late by the generator.
    Late,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Measure {
    /// The percentile that it is.
    pub(super) fn quantile(self) -> Option<f64> {
        match self {
            Self::Latency(Statistic::Quantile(share))
            | Self::Service(Statistic::Quantile(share)) => Some(share),
            _ => None,
        }
    }

    /// The times of which it is an estimate, and the quantile; a mean takes as many as a median.
    pub(super) fn estimated(self, tally: &Tally) -> Option<(&Times, f64)> {
        let (times, statistic) = match self {
            Self::Latency(statistic) => (&tally.latency, statistic),
            Self::Service(statistic) => (&tally.service, statistic),
            Self::Share(_) | Self::Rate(_) => return None,
        };
        match statistic {
            Statistic::Quantile(share) if share > 0.0 => Some((times, share)),
            Statistic::Mean => Some((times, 0.5)),
            Statistic::Quantile(_) | Statistic::Max => None,
        }
    }

    /// The 95 % interval of a percentile, in words; `None` if it has not both ends.
    pub(super) fn interval(self, tally: &Tally) -> Option<String> {
        let share = self.quantile()?;
        let (times, _) = self.estimated(tally)?;
        let (low, high) = times.interval(share);
        Some(format!(" (95%: {} to {})", time_text(low? as f64), time_text(high? as f64)))
    }

    pub(super) fn of(self, tally: &Tally, measured: Duration) -> Option<f64> {
        match self {
            Self::Latency(statistic) => statistic.of(&tally.latency),
            Self::Service(statistic) => statistic.of(&tally.service),
            Self::Share(count) => {
                (tally.offered > 0).then(|| 100.0 * count.of(tally) as f64 / tally.offered as f64)
            }
            Self::Rate(count) => {
                (!measured.is_zero()).then(|| count.in_time(tally) as f64 / measured.as_secs_f64())
            }
        }
    }

    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Latency(_) | Self::Service(_) => time_text(value),
            Self::Share(_) => format!("{value:.3}%"),
            Self::Rate(_) => format!("{value:.1}/s"),
        }
    }
}

impl Statistic {
    /// In microseconds.
    fn of(self, times: &Times) -> Option<f64> {
        match self {
            Self::Quantile(share) => times.quantile(share).map(|us| us as f64),
            Self::Max => times.max().map(|us| us as f64),
            Self::Mean => times.mean(),
        }
    }
}

impl Count {
    fn of(self, tally: &Tally) -> u64 {
        match self {
            Self::Errors => tally.unserved(),
            Self::Achieved => tally.achieved(),
            Self::Served => tally.served(),
            Self::Dropped => tally.dropped,
            Self::Late => tally.late,
        }
    }

    /// What a rate counts: of answers, those that came while requests arrived.
    fn in_time(self, tally: &Tally) -> u64 {
        match self {
            Self::Achieved => tally.in_time.answered(),
            Self::Served => tally.in_time.served(),
            Self::Errors | Self::Dropped | Self::Late => self.of(tally),
        }
    }
}

impl Comparison {
    pub(super) fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Less => value < bound,
            Self::LessOrEqual => value <= bound,
            Self::Greater => value > bound,
            Self::GreaterOrEqual => value >= bound,
        }
    }
}
