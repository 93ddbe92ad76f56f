//! Medians and quartiles. The machine is noisy, so a single figure says little.

use serde::Serialize;

/// The spread of what several rounds measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The lower quartile.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// The upper quartile.
    pub high: f64,
}

impl Spread {
    /// The spread of these figures. It is not a number if there are none.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |quantile| interpolated(&sorted, quantile);
        Self { low: at(0.25), median: at(0.5), high: at(0.75) }
    }

    /// The spread of a single figure.
    pub fn single(figure: f64) -> Self {
        Self { low: figure, median: figure, high: figure }
    }

    /// Converts the figures to another unit.
    #[must_use]
    pub fn map(self, convert: impl Fn(f64) -> f64) -> Self {
        let (one, other) = (convert(self.low), convert(self.high));
        Self { low: one.min(other), median: convert(self.median), high: one.max(other) }
    }
}

/// The spread of the ratios of each round, so that what disturbs a whole round cancels out. There
/// must be as many figures as references.
pub fn paired(figures: &[f64], references: &[f64]) -> Spread {
    Spread::of(figures.iter().zip(references).map(|(figure, reference)| figure / reference))
}

/// Interpolates linearly between the two nearest ranks.
fn interpolated(sorted: &[f64], quantile: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let rank = quantile * last as f64;
    let (below, above) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    below + (above - below) * rank.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_the_ranks() {
        let of = |figures: &[f64]| Spread::of(figures.iter().copied());
        assert_eq!(of(&[3.0, 1.0, 2.0]), Spread { low: 1.5, median: 2.0, high: 2.5 });
        assert_eq!(of(&[4.0, 2.0]), Spread { low: 2.5, median: 3.0, high: 3.5 });
        assert_eq!(of(&[7.0]), Spread::single(7.0));
        assert!(of(&[]).median.is_nan());
    }

    #[test]
    fn what_disturbs_a_whole_round_cancels_out() {
        let ratio = paired(&[90.0, 45.0, 9.0], &[100.0, 50.0, 10.0]);
        assert_eq!(ratio, Spread::single(0.9));
    }

    #[test]
    fn a_reciprocal_keeps_low_below_high() {
        let seconds = Spread { low: 1.0, median: 2.0, high: 4.0 };
        assert_eq!(seconds.map(f64::recip), Spread { low: 0.25, median: 0.5, high: 1.0 });
    }
}
