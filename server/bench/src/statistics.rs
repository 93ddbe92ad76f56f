//! Medians and quartiles. The machine is noisy, so a single figure says little.

use serde::{Deserialize, Deserializer, Serialize};

/// The spread of what several rounds measured.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Spread {
    /// The lower quartile.
    #[serde(deserialize_with = "or_nan")]
    pub low: f64,
    /// The median.
    #[serde(deserialize_with = "or_nan")]
    pub median: f64,
    /// The upper quartile.
    #[serde(deserialize_with = "or_nan")]
    pub high: f64,
    /// How many rounds there were. 0 in a file that does not say it.
    #[serde(default)]
    pub rounds: usize,
}

impl Spread {
    /// The spread of these figures. It is not a number if there are none.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |quantile| interpolated(&sorted, quantile);
        Self { low: at(0.25), median: at(0.5), high: at(0.75), rounds: sorted.len() }
    }

    /// The spread of a single figure.
    pub fn single(figure: f64) -> Self {
        Self { low: figure, median: figure, high: figure, rounds: 1 }
    }

    /// Converts the figures to another unit.
    #[must_use]
    pub fn map(self, convert: impl Fn(f64) -> f64) -> Self {
        let (one, other) = (convert(self.low), convert(self.high));
        let (low, high) = (one.min(other), one.max(other));
        Self { low, median: convert(self.median), high, ..self }
    }
}

/// The spread of the ratios of each round, so that what disturbs a whole round cancels out. There
/// must be as many figures as references.
pub fn paired(figures: &[f64], references: &[f64]) -> Spread {
    Spread::of(figures.iter().zip(references).map(|(figure, reference)| figure / reference))
}

/// JSON has nothing but null for what is no number.
fn or_nan<'de, D: Deserializer<'de>>(figure: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(figure)?.unwrap_or(f64::NAN))
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

    fn spread([low, median, high]: [f64; 3], rounds: usize) -> Spread {
        Spread { low, median, high, rounds }
    }

    #[test]
    fn quartiles_lie_between_the_ranks() {
        let of = |figures: &[f64]| Spread::of(figures.iter().copied());
        assert_eq!(of(&[3.0, 1.0, 2.0]), spread([1.5, 2.0, 2.5], 3));
        assert_eq!(of(&[4.0, 2.0]), spread([2.5, 3.0, 3.5], 2));
        assert_eq!(of(&[7.0]), Spread::single(7.0));
        assert!(of(&[]).median.is_nan());
    }

    #[test]
    fn what_disturbs_a_whole_round_cancels_out() {
        let ratio = paired(&[90.0, 45.0, 9.0], &[100.0, 50.0, 10.0]);
        assert_eq!(ratio, spread([0.9; 3], 3));
    }

    #[test]
    fn a_reciprocal_keeps_low_below_high() {
        let seconds = spread([1.0, 2.0, 4.0], 5);
        assert_eq!(seconds.map(f64::recip), spread([0.25, 0.5, 1.0], 5));
    }
}
