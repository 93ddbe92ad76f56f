//! Statistics of measured times. Pure: no clock, and randomness only from a seed that is given.
//!
//! Times of a server are skewed and have outliers, so nothing here supposes that they are normal:
//! ranks, medians and resampling.

mod bootstrap;
mod order;
mod proportion;
mod rank_sum;
mod signed_rank;

pub(crate) use bootstrap::two_samples;
pub(crate) use order::{needed, ranks};
pub(crate) use proportion::at_most;
pub(crate) use rank_sum::{dominance, rank_sum_p};
pub(crate) use signed_rank::SignedRank;

use serde::Serialize;

/// An estimate and the ends of its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Interval {
    pub(crate) low: f64,
    pub(crate) estimate: f64,
    pub(crate) high: f64,
}

impl Interval {
    /// The same on another scale; `f` keeps the order.
    pub(crate) fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { low: f(self.low), estimate: f(self.estimate), high: f(self.high) }
    }
}

/// The values in ascending order.
pub(crate) fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// The median of values in ascending order; of an even number, the mean of the two in the middle.
/// Not a number if there are none.
pub(crate) fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[half],
        _ => f64::midpoint(sorted[half - 1], sorted[half]),
    }
}

/// The value that this share of the values, in ascending order, does not exceed. Not a number if
/// there are none.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle() {
        assert_eq!(median(&sorted(vec![3.0, 1.0, 2.0])), 2.0);
        assert_eq!(median(&sorted(vec![4.0, 1.0, 2.0, 3.0])), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(
            [0.0, 0.5, 0.9, 0.91, 1.0].map(|q| quantile(&values, q)),
            [1.0, 5.0, 9.0, 10.0, 10.0]
        );
        assert!(quantile(&[], 0.5).is_nan());
    }
}
