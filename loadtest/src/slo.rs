//! Service level objectives as they are written on the command line, and whether they hold.

mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::histogram::Times;
use crate::stats::needed;
use crate::tally::Tally;
use crate::text::{grouped, time as time_text};

/// An objective: something that must hold of one request's figures, or of each request's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slo {
    /// As it was written.
    text: String,
    /// The request that it is about; `None` for each of them.
    pub(crate) request: Option<String>,
    measure: Measure,
    comparison: Comparison,
    bound: f64,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Measure {
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
enum Statistic {
    /// The time that this share of all does not exceed.
    Quantile(f64),
    Max,
    Mean,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Count {
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
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An objective, applied to one request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Judged {
    /// As it was written, or what goes without saying.
    pub(crate) slo: String,
    pub(crate) request: String,
    /// What was measured, with its unit; `None` if there was nothing to measure.
    pub(crate) observed: Option<String>,
    /// Whether it holds; not if there was nothing to measure, or too little.
    pub(crate) held: bool,
    /// Why nothing can be said, such as too few requests; `None` if it holds or is missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) undecided: Option<String>,
}

impl Judged {
    /// An objective that is decided.
    pub(crate) fn new(
        slo: impl Into<String>,
        request: impl Into<String>,
        observed: Option<String>,
        held: bool,
    ) -> Self {
        Self { slo: slo.into(), request: request.into(), observed, held, undecided: None }
    }
}

impl Slo {
    /// That every request is answered rightly.
    pub(crate) fn no_errors() -> Self {
        Self {
            text: "errors<=0%".to_owned(),
            request: None,
            measure: Measure::Share(Count::Errors),
            comparison: Comparison::LessOrEqual,
            bound: 0.0,
        }
    }

    /// That fewer requests than this share, in percent, are not answered rightly.
    pub(crate) fn errors_below(percent: f64) -> Self {
        Self {
            text: format!("errors<{percent}%"),
            request: None,
            measure: Measure::Share(Count::Errors),
            comparison: Comparison::Less,
            bound: percent,
        }
    }

    /// That 99 of 100 requests of this name take less than this.
    pub(crate) fn p99_below(request: &str, time: Duration) -> Self {
        Self {
            text: format!("{request} p99<{}", humantime::format_duration(time)),
            request: Some(request.to_owned()),
            measure: Measure::Latency(Statistic::Quantile(0.99)),
            comparison: Comparison::Less,
            bound: time.as_micros() as f64,
        }
    }

    /// Whether it bounds the requests that are not answered as they should be.
    pub(crate) fn is_about_errors(&self) -> bool {
        let (Measure::Share(count) | Measure::Rate(count)) = self.measure else { return false };
        matches!(count, Count::Errors | Count::Served)
    }

    /// How many requests it takes to decide it, if it is about a percentile.
    pub(crate) fn needed(&self) -> Option<u64> {
        self.measure.quantile().map(needed)
    }

    /// The latency that it sets a bound to, in microseconds.
    pub(crate) fn latency_bound(&self) -> Option<f64> {
        matches!(self.measure, Measure::Latency(_)).then_some(self.bound)
    }

    pub(crate) fn applies_to(&self, request: &str) -> bool {
        self.request.as_ref().is_none_or(|name| name == request)
    }

    /// Applies it to the requests of one name, measured for this long.
    pub(crate) fn judge(&self, request: &str, tally: &Tally, measured: Duration) -> Judged {
        let undecided = self.undecided(tally);
        let interval = self.measure.interval(tally).unwrap_or_default();
        let observed = self.measure.of(tally, measured).map(|value| self.measure.show(value));
        Judged {
            slo: self.text.clone(),
            request: request.to_owned(),
            observed: observed.map(|observed| observed + &interval),
            held: undecided.is_none() && self.held_by(tally, measured),
            undecided,
        }
    }

    /// Whether it holds of what was measured, however little that is.
    pub(crate) fn held_by(&self, tally: &Tally, measured: Duration) -> bool {
        let observed = self.measure.of(tally, measured);
        observed.is_some_and(|value| self.comparison.holds(value, self.bound))
    }

    /// Why it cannot be decided. A percentile needs so many requests that its 95 % interval has
    /// both ends. Fewer are enough if the lower end already decides.
    fn undecided(&self, tally: &Tally) -> Option<String> {
        let (times, share) = self.measure.estimated(tally)?;
        let (count, needed) = (times.count(), needed(share));
        if count == 0 || count >= needed {
            return None;
        }
        let low = times.interval(share).0.map(|us| us as f64);
        let at_most = matches!(self.comparison, Comparison::Less | Comparison::LessOrEqual);
        let decided = low.is_some_and(|low| self.comparison.holds(low, self.bound) != at_most);
        let is_mean = self.measure.quantile().is_none();
        (is_mean || !decided).then(|| {
            format!("too few requests, {} of at least {}", grouped(count), grouped(needed))
        })
    }
}

impl Measure {
    /// The percentile that it is.
    fn quantile(self) -> Option<f64> {
        match self {
            Self::Latency(Statistic::Quantile(share))
            | Self::Service(Statistic::Quantile(share)) => Some(share),
            _ => None,
        }
    }

    /// The times of which it is an estimate, and the quantile; a mean takes as many as a median.
    fn estimated(self, tally: &Tally) -> Option<(&Times, f64)> {
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
    fn interval(self, tally: &Tally) -> Option<String> {
        let share = self.quantile()?;
        let (times, _) = self.estimated(tally)?;
        let (low, high) = times.interval(share);
        Some(format!(" (95%: {} to {})", time_text(low? as f64), time_text(high? as f64)))
    }

    fn of(self, tally: &Tally, measured: Duration) -> Option<f64> {
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

    fn show(self, value: f64) -> String {
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
    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Less => value < bound,
            Self::LessOrEqual => value <= bound,
            Self::Greater => value > bound,
            Self::GreaterOrEqual => value >= bound,
        }
    }
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
