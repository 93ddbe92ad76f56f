//! Confidence intervals by resampling.

use super::{Interval, quantile, sorted};

/// How often a sample is drawn anew.
const RESAMPLES: usize = 1000;

/// An interval that holds a statistic of two samples with this confidence (percentile bootstrap).
/// The statistic is given both in ascending order; the same seed gives the same interval. Neither
/// may be empty.
pub(crate) fn two_samples(
    a: &[f64],
    b: &[f64],
    statistic: impl Fn(&[f64], &[f64]) -> f64,
    confidence: f64,
    seed: u64,
) -> Interval {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut drawn = || statistic(&resample(a, &mut random), &resample(b, &mut random));
    let drawn = sorted((0..RESAMPLES).map(|_| drawn()).collect());
    let tail = (1.0 - confidence) / 2.0;
    Interval {
        low: quantile(&drawn, tail),
        estimate: statistic(&sorted(a.to_vec()), &sorted(b.to_vec())),
        high: quantile(&drawn, 1.0 - tail),
    }
}

/// As many values, drawn with replacement, in ascending order.
fn resample(values: &[f64], random: &mut fastrand::Rng) -> Vec<f64> {
    sorted((0..values.len()).map(|_| values[random.usize(..values.len())]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::median;

    #[test]
    fn the_interval_of_a_difference_of_medians_holds_the_truth_as_often_as_it_says() {
        let mut random = fastrand::Rng::with_seed(3);
        let runs = 150;
        let mut held = 0;
        for run in 0..runs {
            let mut sample = |shift: f64| -> Vec<f64> {
                (0..60).map(|_| shift - (1.0 - random.f64()).ln()).collect()
            };
            let (a, b) = (sample(1.0), sample(0.0));
            let interval = two_samples(&a, &b, |a, b| median(a) - median(b), 0.9, run);
            held += u32::from((interval.low..=interval.high).contains(&1.0));
        }
        // 135 are to be expected; 122 to 146 is what chance leaves of them 999 times of 1000.
        assert!((122..=147).contains(&held), "{held} of {runs}");
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let (a, b): (Vec<f64>, Vec<f64>) = ((0..30).map(f64::from).collect(), vec![1.0, 5.0, 9.0]);
        let interval = |seed| two_samples(&a, &b, |a, b| median(a) - median(b), 0.95, seed);
        assert_eq!(interval(1), interval(1));
        assert_eq!(interval(1).estimate, 9.5);
    }
}
