//! Decides whether a figure got worse by more than a bound. Pure arithmetic.
//!
//! The unit is a round, in which both servers are started anew. So chance differences between two
//! processes, such as where their memory lies, are part of the spread between rounds. They are not
//! taken for a difference between the programs.

use serde::Serialize;

use crate::stats::{Interval, SignedRank, median, sorted};

/// The medians of blocks that were measured in turn, in microseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Round {
    pub(crate) baseline_us: Vec<f64>,
    pub(crate) candidate_us: Vec<f64>,
}

impl Round {
    /// The logarithm of how many times as long the candidate takes: the median over its pairs of
    /// blocks. `None` if a block has no figure.
    fn log_ratio(&self) -> Option<f64> {
        let pairs = self.baseline_us.iter().zip(&self.candidate_us);
        let ratios: Vec<f64> = pairs.map(|(a, b)| (b / a).ln()).collect();
        let whole = !ratios.is_empty() && ratios.iter().all(|ratio| ratio.is_finite());
        whole.then(|| median(&sorted(ratios)))
    }

    /// How many times as long the candidate takes.
    pub(crate) fn ratio(&self) -> Option<f64> {
        self.log_ratio().map(f64::exp)
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rule {
    /// The slowdown that is allowed: 0.05 is 5 %.
    pub(crate) bound: f64,
    /// The confidence that "worse" takes, from 0 to 1.
    pub(crate) confidence: f64,
}

/// What is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// Worse by more than the bound, with the confidence asked for.
    Worse,
    /// Not shown to be worse, where a slowdown of twice the bound would have been.
    NotWorse,
    /// Not shown to be worse, but it may be: the rounds differ too much.
    TooNoisy,
}

/// A comparison of one figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Decision {
    pub(crate) answer: Answer,
    /// How many times as long the candidate takes; each end holds with the confidence asked for.
    pub(crate) ratio: Interval,
    /// The slowdown that would be called worse about 19 times of 20 at a spread like this one's.
    pub(crate) detectable: f64,
    /// The probability of rounds at least as bad as these if the slowdown were just the bound.
    pub(crate) p_value: f64,
}

/// Decides by the signed-rank test on the logarithms of the rounds' ratios. `None` if there are too
/// few rounds for the confidence that is asked for.
pub(crate) fn decide(rounds: &[Round], rule: Rule) -> Option<Decision> {
    let logs: Vec<f64> = rounds.iter().filter_map(Round::log_ratio).collect();
    let test = SignedRank::of(&logs);
    let limits = test.limits(rule.confidence)?;
    let bound = rule.bound.ln_1p();
    // One limit's distance is about 1.6 standard errors. So is the distance between an effect that
    // is found half of the time and one that is found 19 times of 20.
    let margin = limits.estimate - limits.low;
    let detectable = bound + 2.0 * margin;
    Some(Decision {
        answer: answer(limits, rule.bound),
        ratio: limits.map(f64::exp),
        detectable: detectable.exp_m1(),
        p_value: test.p_above(bound),
    })
}

fn answer(limits: Interval, bound: f64) -> Answer {
    let (bound, twice) = (bound.ln_1p(), (2.0 * bound).ln_1p());
    if limits.low > bound {
        Answer::Worse
    } else if limits.high > bound && bound + (limits.estimate - limits.low) > twice {
        Answer::TooNoisy
    } else {
        Answer::NotWorse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { bound: 0.1, confidence: 0.95 };

    /// Rounds of four blocks each, in which the candidate takes `ratio` times as long; a block's
    /// median is off by `noise` or so, a whole process by a third of that.
    fn rounds(count: usize, ratio: f64, noise: f64, random: &mut fastrand::Rng) -> Vec<Round> {
        let mut off = |by: f64| {
            // About normal: the sum of twelve even ones.
            let sum: f64 = (0..12).map(|_| random.f64()).sum();
            (by * (sum - 6.0)).exp()
        };
        (0..count)
            .map(|_| {
                let (a, b) = (100.0 * off(noise / 3.0), 100.0 * ratio * off(noise / 3.0));
                Round {
                    baseline_us: (0..4).map(|_| a * off(noise)).collect(),
                    candidate_us: (0..4).map(|_| b * off(noise)).collect(),
                }
            })
            .collect()
    }

    /// How often of 2000 comparisons the answer is "worse".
    fn worse(ratio: f64, noise: f64, seed: u64) -> usize {
        let mut random = fastrand::Rng::with_seed(seed);
        let answers =
            (0..2000).map(|_| decide(&rounds(8, ratio, noise, &mut random), RULE).unwrap());
        answers.filter(|decision| decision.answer == Answer::Worse).count()
    }

    #[test]
    fn a_slowdown_of_just_the_bound_is_called_worse_as_rarely_as_the_confidence_says() {
        // 3.9 % by the table of the test: 78. Chance leaves 51 to 107 of them 999 times of 1000.
        let alarms = worse(1.1, 0.04, 1);
        assert!((51..=107).contains(&alarms), "{alarms}");
    }

    #[test]
    fn no_slowdown_is_hardly_ever_called_worse_and_twice_the_bound_hardly_ever_missed() {
        assert!(worse(1.0, 0.04, 2) <= 1);
        assert!(worse(1.2, 0.04, 3) >= 1980);
    }

    #[test]
    fn a_noisy_machine_makes_no_verdict_rather_than_a_false_one() {
        let mut random = fastrand::Rng::with_seed(4);
        let mut answers = [0; 3];
        for _ in 0..500 {
            let decision = decide(&rounds(8, 1.0, 0.6, &mut random), RULE).unwrap();
            answers[decision.answer as usize] += 1;
        }
        assert!(answers[Answer::Worse as usize] <= 20, "{answers:?}");
        assert!(answers[Answer::TooNoisy as usize] >= 250, "{answers:?}");
    }

    #[test]
    fn what_it_says_it_detects_it_does() {
        let mut random = fastrand::Rng::with_seed(5);
        let mut said: Vec<f64> = (0..200)
            .map(|_| decide(&rounds(8, 1.0, 0.04, &mut random), RULE).unwrap().detectable)
            .collect();
        said = sorted(said);
        let caught = worse(1.0 + median(&said), 0.04, 6);
        assert!((1800..=1990).contains(&caught), "{caught} at {}", median(&said));
    }

    #[test]
    fn too_few_rounds_or_blocks_without_a_figure_decide_nothing() {
        let mut random = fastrand::Rng::with_seed(6);
        assert_eq!(decide(&rounds(4, 2.0, 0.01, &mut random), RULE), None);
        let mut rounds = rounds(5, 2.0, 0.01, &mut random);
        assert_eq!(decide(&rounds, RULE).unwrap().answer, Answer::Worse);
        rounds[0].candidate_us[0] = f64::NAN;
        assert_eq!(decide(&rounds, RULE), None);
    }
}
