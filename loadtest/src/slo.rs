//! Service level objectives as they are written on the command line, and whether they hold.

mod measure;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use measure::{Comparison, Count, Measure, Statistic};
use serde::Serialize;

use crate::stats::needed;
use crate::tally::Tally;
use crate::text::grouped;

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

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
