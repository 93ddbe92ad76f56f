//! Between which of the measured values a percentile lies with 95 % confidence (order statistics).
//! It supposes only that the values are independent.

use statrs::distribution::{Binomial, DiscreteCDF};

/// What lies outside of the interval on either side.
const TAIL: f64 = 0.025;

/// The ranks, counted from 1 in ascending order, of the values between which the quantile of
/// `share` lies. `None` where so few values have no such rank.
pub(crate) fn ranks(count: u64, share: f64) -> (Option<u64>, Option<u64>) {
    let Ok(below) = Binomial::new(share, count) else { return (None, None) };
    if count == 0 {
        return (None, None);
    }
    let low = below.inverse_cdf(TAIL);
    let high = below.inverse_cdf(1.0 - TAIL) + 1;
    (Some(low).filter(|rank| *rank > 0), Some(high).filter(|rank| *rank <= count))
}

/// How many values it takes until the interval of this quantile has an upper end.
pub(crate) fn needed(share: f64) -> u64 {
    (TAIL.ln() / share.ln()).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_that_it_takes_are_those_that_textbooks_have() {
        // The share to the power of the number is 2.5 % at most.
        for (share, count) in [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.999, 3688)] {
            assert_eq!(needed(share), count, "{share}");
            assert!(ranks(count, share).1.is_some(), "{share}");
            assert_eq!(ranks(count - 1, share).1, None, "{share}");
        }
    }

    #[test]
    fn the_median_of_a_hundred_lies_between_the_40th_and_the_61st() {
        assert_eq!(ranks(100, 0.5), (Some(40), Some(61)));
        assert_eq!(ranks(0, 0.5), (None, None));
    }

    #[test]
    fn the_interval_holds_the_truth_as_often_as_it_says() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut held = 0;
        for _ in 0..400 {
            let mut values: Vec<f64> = (0..1000).map(|_| random.f64()).collect();
            values.sort_by(f64::total_cmp);
            let (low, high) = ranks(1000, 0.99);
            let at = |rank: Option<u64>| values[rank.unwrap() as usize - 1];
            held += u32::from(at(low) <= 0.99 && at(high) >= 0.99);
        }
        // 380 are to be expected or a few more, since ranks are whole numbers.
        assert!((365..=400).contains(&held), "{held} of 400");
    }
}
