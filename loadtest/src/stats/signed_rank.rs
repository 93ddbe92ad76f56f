//! How far paired measurements lie apart: the signed-rank test of Wilcoxon and the estimate of
//! Hodges and Lehmann, exact for any number of pairs.

use super::{Interval, median, sorted};

/// Differences of pairs. What is said of them supposes that they are independent of each other and
/// symmetric about their middle, and nothing else of their distribution.
#[derive(Clone, Debug)]
pub(crate) struct SignedRank {
    /// The means of each two differences, and the differences themselves, in ascending order
    /// (Walsh).
    averages: Vec<f64>,
    pairs: usize,
}

impl SignedRank {
    pub(crate) fn of(differences: &[f64]) -> Self {
        let pairs = differences.len();
        let averages = (0..pairs).flat_map(|i| {
            differences[i..].iter().map(move |other| f64::midpoint(differences[i], *other))
        });
        Self { averages: sorted(averages.collect()), pairs }
    }

    /// The middle of the differences: the median of all averages (Hodges and Lehmann). Not a number
    /// if there are no pairs.
    pub(crate) fn estimate(&self) -> f64 {
        median(&self.averages)
    }

    /// The estimate with a lower and an upper limit. The truth keeps each limit by itself with this
    /// confidence. `None` if there are too few pairs for that.
    pub(crate) fn limits(&self, confidence: f64) -> Option<Interval> {
        let beyond = critical(self.pairs, 1.0 - confidence)?;
        let low = self.averages[beyond];
        let high = self.averages[self.averages.len() - 1 - beyond];
        Some(Interval { low, estimate: self.estimate(), high })
    }

    /// The probability of differences at least as high as these if their middle is at most `bound`.
    pub(crate) fn p_above(&self, bound: f64) -> f64 {
        // The statistic counts the averages above the bound; those on it, half.
        let above = self.averages.iter().filter(|average| **average > bound).count();
        let on = self.averages.iter().filter(|average| **average == bound).count();
        let statistic = above + on / 2;
        let ways = ways(self.pairs);
        ways[statistic..].iter().sum::<f64>() / ways.iter().sum::<f64>()
    }
}

/// How many averages lie below a lower limit. It is the most for which the probability of as many
/// or fewer is at most `alpha`, less one for the limit itself. `None` if even none at all is more
/// probable than that.
fn critical(pairs: usize, alpha: f64) -> Option<usize> {
    let ways = ways(pairs);
    let all: f64 = ways.iter().sum();
    let mut sum = 0.0;
    let mut critical = None;
    for (statistic, ways) in ways.iter().enumerate() {
        sum += ways;
        if sum > alpha * all {
            break;
        }
        critical = Some(statistic);
    }
    critical.filter(|_| pairs > 0)
}

/// In how many ways the ranks from 1 to `pairs` make each sum, if each rank is counted or not. That
/// is the distribution of the signed-rank statistic when nothing differs.
fn ways(pairs: usize) -> Vec<f64> {
    let highest = pairs * (pairs + 1) / 2;
    let mut ways = vec![0.0; highest + 1];
    ways[0] = 1.0;
    for rank in 1..=pairs {
        for sum in (rank..=highest).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_values_are_those_of_the_tables() {
        // One-sided, 5 %: Wilcoxon's table has these for 5 to 10 pairs.
        let tabled = [(5, 0), (6, 2), (7, 3), (8, 5), (9, 8), (10, 10)];
        for (pairs, value) in tabled {
            assert_eq!(critical(pairs, 0.05), Some(value), "{pairs} pairs");
        }
        assert_eq!(critical(8, 0.01), Some(1));
        assert_eq!(critical(4, 0.05), None, "1 of 16 is more than 5 %");
        assert_eq!(critical(0, 0.05), None);
    }

    #[test]
    #[expect(clippy::approx_constant, reason = "3.14 is a measurement here")]
    fn the_test_agrees_with_a_textbook() {
        // Hollander and Wolfe, depression scale factors of nine patients: V = 40, p = 0.01953.
        let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
        let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
        let differences: Vec<f64> = before.iter().zip(after).map(|(b, a)| b - a).collect();
        let test = SignedRank::of(&differences);
        assert!((test.p_above(0.0) - 0.019_531_25).abs() < 1e-9, "{}", test.p_above(0.0));
        assert!((test.estimate() - 0.46).abs() < 1e-9, "{}", test.estimate());
    }

    #[test]
    fn a_limit_and_the_test_at_it_agree() {
        let test = SignedRank::of(&[0.3, 0.1, 0.5, 0.2, 0.9, 0.45, 0.7, 0.33]);
        let low = test.limits(0.95).unwrap().low;
        assert!(test.p_above(low - 1e-9) <= 0.05 && test.p_above(low + 1e-9) > 0.05);
    }

    #[test]
    fn limits_are_wrong_as_rarely_as_they_say() {
        let mut random = fastrand::Rng::with_seed(5);
        let runs = 4000;
        let mut wrong = 0;
        for _ in 0..runs {
            // Two-sided exponential about 0: heavier tails than normal, as on a busy machine.
            let differences: Vec<f64> = (0..10)
                .map(|_| -(1.0 - random.f64()).ln() * if random.bool() { 1.0 } else { -1.0 })
                .collect();
            wrong += u32::from(SignedRank::of(&differences).limits(0.95).unwrap().low > 0.0);
        }
        // 4.2 % by the table, at most: 168. Chance leaves 129 to 210 of them 999 times of 1000.
        assert!((129..=210).contains(&wrong), "{wrong} of {runs}");
    }
}
