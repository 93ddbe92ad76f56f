//! Times in microseconds, in HDR histograms: whatever their number, they take the same memory.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::stats::ranks;

/// A collection of times. Percentiles are at most 0.1 % too high and never too low, and not above
/// the longest time, which is exact like the mean.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    histogram: Histogram<u64>,
    sum_us: u128,
    max_us: u64,
}

/// The 95 % intervals of a collection's percentiles, in microseconds: `[low, high]`, with `null`
/// for an end that so few times do not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Intervals {
    pub(crate) p50: Ends,
    pub(crate) p90: Ends,
    pub(crate) p95: Ends,
    pub(crate) p99: Ends,
    pub(crate) p999: Ends,
}

/// The ends of an interval, in microseconds.
pub(crate) type Ends = (Option<u64>, Option<u64>);

/// What is reported of a collection of times, in microseconds; `null` in JSON where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// How many times there are.
    pub(crate) count: u64,
    pub(crate) p50: Option<u64>,
    pub(crate) p90: Option<u64>,
    pub(crate) p95: Option<u64>,
    pub(crate) p99: Option<u64>,
    pub(crate) p999: Option<u64>,
    pub(crate) max: Option<u64>,
    pub(crate) mean: Option<f64>,
}

impl Times {
    /// For the figures of a run: three significant digits, at most about 200 KB.
    pub(crate) fn new() -> Self {
        Self::with_digits(3)
    }

    /// For many collections, such as one for each second. Two digits: percentiles are up to 1 % too
    /// high, and the size is at most about 25 KB.
    pub(crate) fn coarse() -> Self {
        Self::with_digits(2)
    }

    #[expect(clippy::expect_used, reason = "fails only for digits beyond 5")]
    fn with_digits(digits: u8) -> Self {
        let histogram = Histogram::new(digits).expect("2 and 3 are numbers of digits");
        Self { histogram, sum_us: 0, max_us: 0 }
    }

    /// Adds a time, in whole microseconds.
    pub(crate) fn record(&mut self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        // It grows by itself, to whatever 64 bits hold.
        let _ = self.histogram.record(us);
        self.sum_us += u128::from(us);
        self.max_us = self.max_us.max(us);
    }

    /// Adds all times of another collection of as many digits.
    pub(crate) fn merge(&mut self, other: &Self) {
        // It grows by itself, as above.
        let _ = self.histogram.add(&other.histogram);
        self.sum_us += other.sum_us;
        self.max_us = self.max_us.max(other.max_us);
    }

    pub(crate) fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The time that this share of all times, from 0 to 1, does not exceed, in microseconds.
    pub(crate) fn quantile(&self, share: f64) -> Option<u64> {
        (self.count() > 0).then(|| self.histogram.value_at_quantile(share).min(self.max_us))
    }

    /// Between which times that quantile lies with 95 % confidence, in microseconds; `None` for an
    /// end that so few times do not have.
    pub(crate) fn interval(&self, share: f64) -> Ends {
        let count = self.count();
        // In the middle of the rank's share, so that no rounding leads to its neighbour.
        let at = |rank: u64| self.quantile((rank as f64 - 0.5) / count as f64);
        let (low, high) = ranks(count, share);
        (low.and_then(at), high.and_then(at))
    }

    pub(crate) fn intervals(&self) -> Intervals {
        Intervals {
            p50: self.interval(0.5),
            p90: self.interval(0.9),
            p95: self.interval(0.95),
            p99: self.interval(0.99),
            p999: self.interval(0.999),
        }
    }

    /// In microseconds.
    pub(crate) fn max(&self) -> Option<u64> {
        (self.count() > 0).then_some(self.max_us)
    }

    /// In microseconds.
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum_us as f64 / self.count() as f64)
    }

    pub(crate) fn figures(&self) -> Figures {
        Figures {
            count: self.count(),
            p50: self.quantile(0.5),
            p90: self.quantile(0.9),
            p95: self.quantile(0.95),
            p99: self.quantile(0.99),
            p999: self.quantile(0.999),
            max: self.max(),
            mean: self.mean(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(us: impl IntoIterator<Item = u64>) -> Times {
        let mut times = Times::new();
        us.into_iter().for_each(|us| times.record(Duration::from_micros(us)));
        times
    }

    #[test]
    fn percentiles_are_within_a_thousandth_of_the_truth() {
        let times = times(1..=1_000_000);
        for (share, truth) in [(0.5, 500_000), (0.99, 990_000), (0.999, 999_000)] {
            let reported = times.quantile(share).unwrap();
            assert!((truth..=truth + truth / 1000).contains(&reported), "{share}: {reported}");
        }
    }

    #[test]
    fn the_maximum_and_the_mean_are_exact_and_bound_the_percentiles() {
        let figures = times([1_234_567, 1, 1]).figures();
        assert_eq!((figures.max, figures.p999), (Some(1_234_567), Some(1_234_567)));
        assert_eq!(figures.mean, Some(411_523.0));
    }

    #[test]
    fn a_percentile_has_an_interval_as_far_as_the_times_suffice() {
        let few = times(1..=100).intervals();
        assert_eq!((few.p50, few.p99.1), ((Some(40), Some(61)), None));
        let many = times(1..=10_000).interval(0.99);
        let (low, high) = (many.0.unwrap(), many.1.unwrap());
        assert!((9_870..9_890).contains(&low) && (9_910..9_935).contains(&high), "{many:?}");
    }

    #[test]
    fn nothing_has_no_figures() {
        assert_eq!(Times::new().figures(), Figures::default());
    }

    #[test]
    fn merged_collections_are_one() {
        let mut one = times(1..=500);
        one.merge(&times(501..=1000));
        assert_eq!(one.figures(), times(1..=1000).figures());
    }
}
