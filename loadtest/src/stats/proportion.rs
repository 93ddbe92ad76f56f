//! What a count of successes says of their probability.

use statrs::distribution::{Beta, ContinuousCDF};

/// The probability that this many successes of so many trials leave possible at most, with this
/// confidence (Clopper and Pearson, one-sided). 1 if there were no trials.
pub(crate) fn at_most(successes: u32, trials: u32, confidence: f64) -> f64 {
    if successes >= trials {
        return 1.0;
    }
    let (successes, failures) = (f64::from(successes), f64::from(trials - successes));
    Beta::new(successes + 1.0, failures).map_or(1.0, |beta| beta.inverse_cdf(confidence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_happened_may_still_have_a_probability() {
        // The rule of three, exactly: 1 - 0.05^(1/20).
        assert!((at_most(0, 20, 0.95) - 0.139_108).abs() < 1e-4);
        // Tables of the binomial distribution have 0.2161 for 1 of 20.
        assert!((at_most(1, 20, 0.95) - 0.2161).abs() < 1e-3);
        assert_eq!(at_most(20, 20, 0.95), 1.0);
        assert_eq!(at_most(0, 0, 0.95), 1.0);
    }
}
