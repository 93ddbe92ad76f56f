use std::time::Duration;

/// How much one new sample of a few passwords changes the estimate. After a few dozen jobs, less
/// than a second of full load, the estimate has followed. One disturbed sample hardly moves it.
const WEIGHT: f64 = 1.0 / 8.0;

/// What one iteration of one password costs a thread whose lanes are full. A queue shrinks at this
/// pace. A password alone costs more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    seconds_per_iteration: f64,
}

impl Pace {
    /// The pace if `jobs` passwords of `iterations` each took `time` together.
    pub(super) fn measured(time: Duration, jobs: usize, iterations: u32) -> Self {
        let total = jobs as f64 * f64::from(iterations);
        Self { seconds_per_iteration: time.as_secs_f64().max(1e-9) / total }
    }

    /// The pace with each iteration taking `factor` times as long.
    pub(super) fn scaled(self, factor: f64) -> Self {
        Self { seconds_per_iteration: self.seconds_per_iteration * factor }
    }

    /// How many times as long as in `other` an iteration takes.
    pub(super) fn over(self, other: Self) -> f64 {
        self.seconds_per_iteration / other.seconds_per_iteration
    }

    /// Learns from a sample. `batches` says how many batches of a few passwords it is worth.
    /// `had_room` says that lanes were free: full lanes would have taken no longer for each
    /// password, perhaps less. Such a sample can make the estimate faster, but not slower.
    pub(super) fn learn(&mut self, sample: Self, batches: f64, had_room: bool) {
        let change = sample.seconds_per_iteration - self.seconds_per_iteration;
        if !had_room || change < 0.0 {
            self.seconds_per_iteration += (1.0 - (1.0 - WEIGHT).powf(batches)) * change;
        }
    }

    /// How long `threads` take for `jobs` passwords of `iterations` each.
    pub(super) fn time(self, jobs: usize, iterations: u32, threads: usize) -> Duration {
        let seconds = self.seconds_per_iteration * f64::from(iterations) * jobs as f64;
        Duration::try_from_secs_f64(seconds / threads as f64).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Two jobs in 57 ms.
    fn pair() -> Pace {
        Pace::measured(57 * MS, 2, 600_000)
    }

    fn ms(pace: Pace) -> f64 {
        pace.time(1, 600_000, 1).as_secs_f64() * 1e3
    }

    #[test]
    fn a_queue_takes_its_length_at_the_pace_of_all_threads() {
        assert_eq!(pair().time(0, 600_000, 2), Duration::ZERO);
        assert!((ms(pair()) - 28.5).abs() < 1e-6);
        assert_eq!(pair().time(200, 600_000, 2).as_millis(), 2850);
        assert_eq!(pair().time(200, 1_200_000, 2).as_millis(), 5700);
    }

    #[test]
    fn it_follows_full_lanes_in_both_directions() {
        for (pair_ms, expected) in [(114, 57.0), (28, 14.0)] {
            let mut pace = pair();
            for _ in 0..50 {
                pace.learn(Pace::measured(pair_ms * MS, 2, 600_000), 1.0, false);
            }
            assert!((ms(pace) - expected).abs() < 0.1, "{pair_ms}: {}", ms(pace));
        }
    }

    #[test]
    fn one_disturbed_sample_moves_it_by_an_eighth_of_the_way() {
        let mut pace = pair();
        pace.learn(Pace::measured(217 * MS, 2, 600_000), 1.0, false);
        assert!((ms(pace) - (28.5 + 80.0 / 8.0)).abs() < 1e-6, "{}", ms(pace));
    }

    #[test]
    fn many_at_once_count_as_the_few_at_a_time_that_they_replace() {
        let (mut at_once, mut one_by_one) = (pair(), pair());
        let sample = Pace::measured(570 * MS, 16, 600_000);
        at_once.learn(sample, 8.0, false);
        (0..8).for_each(|_| one_by_one.learn(sample, 1.0, false));
        assert!((ms(at_once) - ms(one_by_one)).abs() < 1e-9);
        assert!((ms(pair().scaled(0.5)) - 14.25).abs() < 1e-9);
        assert!((pair().scaled(0.5).over(pair()) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_password_that_had_a_core_to_itself_says_nothing_against_full_lanes() {
        let mut pace = pair();
        pace.learn(Pace::measured(50 * MS, 1, 600_000), 1.0, true);
        assert_eq!(pace, pair());
    }

    /// Otherwise no password would share lanes again, and the estimate would never change.
    #[test]
    fn an_absurd_estimate_is_unlearned_by_passwords_that_run_alone() {
        let mut pace = Pace::measured(Duration::from_secs(3600), 1, 600_000);
        for _ in 0..200 {
            pace.learn(Pace::measured(50 * MS, 1, 600_000), 1.0, true);
        }
        assert!(ms(pace) < 50.1, "{}", ms(pace));
    }

    #[test]
    fn more_than_a_duration_can_hold_is_the_longest_one() {
        let pace = Pace::measured(Duration::MAX, 1, 1);
        assert_eq!(pace.time(usize::MAX, u32::MAX, 1), Duration::MAX);
    }
}
