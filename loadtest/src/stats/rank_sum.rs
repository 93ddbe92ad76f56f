//! Whether one of two samples tends to be larger: the rank-sum test of Mann and Whitney, and how
//! much that amounts to.

use statrs::stats_tests::Alternative;
use statrs::stats_tests::mannwhitneyu::{MannWhitneyUMethod, mannwhitneyu};

/// The probability that two samples of one distribution differ in rank at least as much as these.
/// Mann and Whitney's U, two-sided, by the normal approximation, corrected for ties and continuity.
pub(crate) fn rank_sum_p(a: &[f64], b: &[f64]) -> f64 {
    let method = MannWhitneyUMethod::AsymptoticInclContinuityCorrection;
    mannwhitneyu(a, b, method, Alternative::TwoSided).map_or(1.0, |(_, p)| p)
}

/// Cliff's delta, also called the rank-biserial correlation, from -1 to 1. It says how much more
/// often a value of `a` is larger than one of `b` than it is smaller. Whoever sees one value of
/// each, and guesses that the larger is `a`'s, is right in (1 + delta) / 2 of all cases. Both are
/// in ascending order; 0 if one is empty.
pub(crate) fn dominance(a: &[f64], b: &[f64]) -> f64 {
    let pairs = (a.len() * b.len()) as f64;
    if pairs == 0.0 {
        return 0.0;
    }
    let (mut below, mut up_to) = (0, 0);
    let mut sum = 0.0;
    for value in a {
        while below < b.len() && b[below] < *value {
            below += 1;
        }
        while up_to < b.len() && b[up_to] <= *value {
            up_to += 1;
        }
        sum += below as f64 - (b.len() - up_to) as f64;
    }
    sum / pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::sorted;

    #[test]
    fn the_test_agrees_with_a_textbook() {
        // SciPy's example: ages at diagnosis of men and women. U = 17 of 20.
        let (men, women) = ([19.0, 22.0, 16.0, 29.0, 24.0], [20.0, 11.0, 17.0, 12.0]);
        assert!((rank_sum_p(&men, &women) - 0.111_346_886_533).abs() < 1e-9);
        let delta = dominance(&sorted(men.to_vec()), &sorted(women.to_vec()));
        assert!((delta - (2.0 * 17.0 / 20.0 - 1.0)).abs() < 1e-12);
    }

    #[test]
    fn dominance_is_the_share_of_pairs_that_are_larger_less_the_smaller_ones() {
        assert_eq!(dominance(&[4.0, 5.0], &[1.0, 2.0, 3.0]), 1.0);
        assert_eq!(dominance(&[1.0, 2.0], &[4.0]), -1.0);
        assert_eq!(dominance(&[1.0, 2.0, 2.0, 3.0], &[2.0, 2.0]), 0.0);
        assert_eq!(dominance(&[2.0, 3.0], &[1.0, 2.0]), 0.75);
        assert_eq!(dominance(&[], &[1.0]), 0.0);
    }

    #[test]
    fn samples_of_one_skewed_distribution_are_rarely_called_different() {
        let mut random = fastrand::Rng::with_seed(7);
        // Exponential, as waiting times are.
        let mut sample = || (0..60).map(|_| -(1.0 - random.f64()).ln()).collect::<Vec<f64>>();
        let runs = 1000;
        let alarms = (0..runs).filter(|_| rank_sum_p(&sample(), &sample()) < 0.05).count();
        // 50 are to be expected; 29 to 74 is what chance leaves of them 999 times of 1000.
        assert!((29..=74).contains(&alarms), "{alarms} of {runs}");
    }

    #[test]
    fn a_shift_of_half_a_spread_is_found() {
        let mut random = fastrand::Rng::with_seed(8);
        let mut sample = |shift: f64| (0..200).map(|_| shift + random.f64()).collect::<Vec<f64>>();
        let (a, b) = (sample(0.15), sample(0.0));
        assert!(rank_sum_p(&a, &b) < 1e-4);
        // Two even spreads, one 0.15 further: the larger one wins in 1 - 0.85^2 / 2 of all pairs.
        let delta = dominance(&sorted(a), &sorted(b));
        assert!((delta - (1.0 - 0.85 * 0.85)).abs() < 0.12, "{delta}");
    }
}
