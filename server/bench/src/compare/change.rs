//! Whether a figure has changed by more than its rounds differ.

use std::f64::consts::FRAC_PI_2;

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use crate::row::Unit;
use crate::statistics::Spread;

/// A ratio to something foreign must move by more than this. A server that has luck with its memory
/// keeps it to its end, whatever its rounds say.
pub(super) const RATIO_MOVES: f64 = 0.05;

/// A figure must move by more than this, since the machine is not always as fast.
pub(super) const FIGURE_MOVES: f64 = 0.1;

/// A time or a rate that was taken once must move by more than this. It says nothing of its noise.
const SINGLE_MOVES: f64 = 1.0;

/// How surely a change is none of chance.
const CONFIDENCE: f64 = 0.99;

/// The quartiles of a normal distribution are so many standard deviations apart.
const QUARTILES: f64 = 1.349;

/// Files from before the number of rounds was written: no full run has fewer.
const FEWEST_ROUNDS: usize = 3;

/// What became of a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Better,
    Worse,
    WithinNoise,
    /// One of the figures is zero or not there.
    Unknown,
}

/// A figure before and now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) before: f64,
    pub(super) now: f64,
    /// The interval of the factor between them. None if one of them was taken only once.
    pub(super) factor: Option<[f64; 2]>,
    pub(super) outcome: Outcome,
}

impl Change {
    /// Of the ratio to something foreign.
    pub(super) fn of_ratio(before: Spread, now: Spread, unit: Unit) -> Self {
        Self::beyond(RATIO_MOVES, before, now, unit)
    }

    /// Of the figure itself.
    pub(super) fn of_figure(before: Spread, now: Spread, unit: Unit) -> Self {
        Self::beyond(FIGURE_MOVES, before, now, unit)
    }

    fn beyond(moves: f64, before: Spread, now: Spread, unit: Unit) -> Self {
        // The logarithms, so that twice as much is as far as half as much.
        let moved = (now.median / before.median).ln();
        let margin = margin(before, now);
        let (is_size, more_is_better) = match unit {
            Unit::PerSecond => (false, true),
            Unit::Megabytes | Unit::Bytes => (true, false),
            Unit::Milliseconds | Unit::Microseconds | Unit::Seconds => (false, false),
        };
        let moves = if margin.is_none() && !is_size { SINGLE_MOVES } else { moves };
        let least = margin.unwrap_or(0.0).max(moves.ln_1p());
        let outcome = match moved {
            _ if !moved.is_finite() || least.is_nan() => Outcome::Unknown,
            _ if moved.abs() <= least => Outcome::WithinNoise,
            _ if (moved > 0.0) == more_is_better => Outcome::Better,
            _ => Outcome::Worse,
        };
        let factor = margin.map(|margin| [moved - margin, moved + margin].map(f64::exp));
        Self { before: before.median, now: now.median, factor, outcome }
    }
}

/// How far the logarithms of two medians are apart by chance, at most, with [`CONFIDENCE`]: Welch's
/// t interval. The spread is taken from the quartiles, which a disturbed round hardly moves.
fn margin(before: Spread, now: Spread) -> Option<f64> {
    let [(one, of_one), (other, of_other)] = [variance(before)?, variance(now)?];
    let sum = one + other;
    if sum == 0.0 {
        return Some(0.0);
    }
    let freedom = sum.powi(2) / (one.powi(2) / of_one + other.powi(2) / of_other);
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(student.inverse_cdf(1.0 - (1.0 - CONFIDENCE) / 2.0) * sum.sqrt())
}

/// The variance of a median's logarithm and its degrees of freedom. None for a single figure.
fn variance(spread: Spread) -> Option<(f64, f64)> {
    let rounds = match spread.rounds {
        0 if spread.low == spread.high => 1,
        0 => FEWEST_ROUNDS,
        rounds => rounds,
    };
    let freedom = rounds.checked_sub(1).filter(|freedom| *freedom > 0)? as f64;
    let deviation = (spread.high / spread.low).ln() / QUARTILES;
    // A median varies by half of pi more than a mean.
    Some((deviation.powi(2) * FRAC_PI_2 / rounds as f64, freedom))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(low: f64, median: f64, high: f64, rounds: usize) -> Spread {
        Spread { low, median, high, rounds }
    }

    fn outcome(before: Spread, now: Spread) -> Outcome {
        Change::of_figure(before, now, Unit::PerSecond).outcome
    }

    #[test]
    fn more_is_better_of_rates_and_worse_of_times_and_sizes() {
        let (one, two) = (spread(99.0, 100.0, 101.0, 9), spread(199.0, 200.0, 201.0, 9));
        for unit in
            [Unit::Milliseconds, Unit::Microseconds, Unit::Seconds, Unit::Megabytes, Unit::Bytes]
        {
            assert_eq!(Change::of_figure(one, two, unit).outcome, Outcome::Worse, "{unit:?}");
            assert_eq!(Change::of_figure(two, one, unit).outcome, Outcome::Better, "{unit:?}");
        }
        assert_eq!(outcome(one, two), Outcome::Better);
        assert_eq!(outcome(two, one), Outcome::Worse);
    }

    #[test]
    fn the_same_step_is_noise_in_rounds_that_differ_as_much() {
        let quiet = |median: f64| spread(0.99 * median, median, 1.01 * median, 5);
        let noisy = |median: f64| spread(0.8 * median, median, 1.2 * median, 5);
        assert_eq!(outcome(quiet(100.0), quiet(80.0)), Outcome::Worse);
        assert_eq!(outcome(noisy(100.0), noisy(80.0)), Outcome::WithinNoise);
        // More rounds tell more.
        let many = |median| Spread { rounds: 100, ..noisy(median) };
        assert_eq!(outcome(many(100.0), many(80.0)), Outcome::Worse);
    }

    #[test]
    fn a_small_step_is_noise_however_equal_the_rounds_are() {
        let exact = |median: f64| spread(median, median, median, 25);
        assert_eq!(outcome(exact(100.0), exact(91.0)), Outcome::WithinNoise);
        assert_eq!(outcome(exact(100.0), exact(90.0)), Outcome::Worse);
        let ratio = |now| Change::of_ratio(exact(1.0), exact(now), Unit::PerSecond).outcome;
        assert_eq!([ratio(0.96), ratio(0.95)], [Outcome::WithinNoise, Outcome::Worse]);
    }

    #[test]
    fn what_was_taken_once_must_double_unless_it_is_a_size() {
        let change =
            |now, unit| Change::of_figure(Spread::single(100.0), Spread::single(now), unit);
        assert_eq!(change(190.0, Unit::Milliseconds).outcome, Outcome::WithinNoise);
        assert_eq!(change(210.0, Unit::Milliseconds).outcome, Outcome::Worse);
        assert_eq!(change(210.0, Unit::Milliseconds).factor, None);
        assert_eq!(change(112.0, Unit::Megabytes).outcome, Outcome::Worse);
    }

    #[test]
    fn rounds_that_nobody_counted_are_three() {
        let unsaid = |median: f64| spread(0.95 * median, median, 1.05 * median, 0);
        let three = |median| Spread { rounds: 3, ..unsaid(median) };
        let factor = |one, other| Change::of_figure(one, other, Unit::Seconds).factor;
        assert_eq!(factor(unsaid(1.0), unsaid(1.2)), factor(three(1.0), three(1.2)));
        assert_eq!(factor(Spread { rounds: 0, ..Spread::single(1.0) }, unsaid(1.0)), None);
    }

    #[test]
    fn zero_and_nothing_can_not_be_compared() {
        let one = spread(1.0, 1.0, 1.0, 3);
        for odd in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(outcome(one, spread(odd, odd, odd, 3)), Outcome::Unknown, "{odd}");
            assert_eq!(outcome(Spread::single(odd), one), Outcome::Unknown, "{odd}");
        }
    }

    /// Rounds that scatter as those of a server do: some are far slower.
    fn rounds(random: &mut fastrand::Rng, count: usize, factor: f64) -> Spread {
        let mut round = || {
            let normal: f64 = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
            let disturbed = if random.f64() < 0.1 { 3.0 * random.f64() } else { 0.0 };
            factor * (0.2 * normal - 0.2 * disturbed).exp()
        };
        Spread::of((0..count).map(|_| round()))
    }

    #[test]
    fn equal_servers_are_rarely_called_different_and_different_ones_mostly() {
        let mut random = fastrand::Rng::with_seed(11);
        for (count, most_alarms, least_found) in [(3, 30, 0), (5, 70, 300), (15, 40, 990)] {
            let mut called = |factor| {
                let told = (0..1000).filter(|_| {
                    let before = rounds(&mut random, count, 1.0);
                    let now = rounds(&mut random, count, factor);
                    outcome(before, now) != Outcome::WithinNoise
                });
                told.count()
            };
            let (alarms, found) = (called(1.0), called(0.5));
            assert!(alarms <= most_alarms, "{alarms} false alarms of 1000 with {count} rounds");
            assert!(found >= least_found, "{found} of 1000 found with {count} rounds");
        }
    }
}
