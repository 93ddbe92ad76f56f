use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use hallpass_kdf::{Input, Lanes};

use super::pace::Pace;
use super::stats::{PoolObserver, Unobserved};

/// How a pool works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What a new hash costs.
    pub iterations: NonZeroU32,
    /// Hashing threads.
    pub threads: usize,
    /// How many passwords a thread hashes at once. Those for throughput are left alone where they
    /// turn out to save nothing.
    pub lanes: Lanes,
    /// Is told how long the jobs took.
    pub observer: Arc<dyn PoolObserver>,
}

impl Settings {
    /// What suits this machine, unobserved.
    pub fn new(iterations: NonZeroU32) -> Self {
        Self {
            iterations,
            threads: thread::available_parallelism().map_or(1, Into::into),
            lanes: hallpass_kdf::lanes(),
            observer: Arc::new(Unobserved),
        }
    }
}

/// What passwords cost, and how many at once save some of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub lanes: Lanes,
    /// With all lanes full.
    pub pace: Pace,
    /// What a password costs among as many as there are lanes, over what it costs among a few.
    pub saving: f64,
}

impl Rates {
    /// A few at a time, whatever waits.
    pub(super) fn of_a_few(self) -> Self {
        Self {
            lanes: Lanes::always(self.lanes.latency),
            pace: self.pace.scaled(1.0 / self.saving),
            saving: 1.0,
        }
    }
}

/// By what part many passwords at once have to be cheaper than a few: those who wait for all of
/// them would like to know what for.
const WORTH: f64 = 0.9;

/// How long they may take. Beyond, whoever is first in the queue waits too long for its company.
const PATIENCE: Duration = Duration::from_secs(1);

/// What passwords of so many iterations cost on this machine: a first guess, short enough to be
/// made at each start.
pub(super) fn measure(lanes: Lanes, iterations: NonZeroU32) -> Rates {
    let few = lanes.latency.max(1);
    let many = lanes.throughput.max(few);
    let [of_few, of_many] = fastest([few, many]);
    let rates =
        choose(Lanes { latency: few, throughput: many, ..lanes }, [of_few, of_many], iterations);
    let Rates { lanes, pace, .. } = rates;
    let hash = pace.time(1, iterations.get(), 1);
    tracing::info!(
        lanes.latency,
        lanes.throughput,
        lanes.many,
        ?hash,
        "measured what hashing costs"
    );
    rates
}

fn choose(lanes: Lanes, [of_few, of_many]: [Pace; 2], iterations: NonZeroU32) -> Rates {
    let saving = of_many.over(of_few);
    // As many as cost, a few at a time, what all lanes cost once.
    let worth_it = (lanes.throughput as f64 * saving).floor() as usize + 1;
    let rates =
        Rates { lanes: Lanes { many: lanes.many.max(worth_it), ..lanes }, pace: of_many, saving };
    let takes = of_many.time(lanes.throughput, iterations.get(), 1);
    if lanes.latency == lanes.throughput || (saving <= WORTH && takes <= PATIENCE) {
        rates
    } else {
        rates.of_a_few()
    }
}

/// The pace with each number of passwords at once, by the least disturbed of a few tries in turns.
fn fastest<const N: usize>(lanes: [usize; N]) -> [Pace; N] {
    const ITERATIONS: NonZeroU32 = NonZeroU32::new(4000).expect("not 0");
    let mut times = [Duration::MAX; N];
    for _ in 0..3 {
        for (time, lanes) in times.iter_mut().zip(lanes) {
            let started = Instant::now();
            black_box(hallpass_kdf::derive(&vec![Input::new(b"", b"", ITERATIONS); lanes]));
            *time = started.elapsed().min(*time);
        }
    }
    std::array::from_fn(|n| Pace::measured(times[n], lanes[n], ITERATIONS.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANES: Lanes = Lanes { latency: 2, throughput: 16, many: 9 };

    /// Two passwords in 20 ms for as many iterations as they have, and sixteen in `many_ms`.
    fn chosen(many_ms: u64, iterations: u32) -> (Lanes, f64) {
        let pace = |ms, jobs| Pace::measured(Duration::from_millis(ms), jobs, 1);
        let rates = choose(LANES, [pace(20, 2), pace(many_ms, 16)], iterations.try_into().unwrap());
        // What one costs, in milliseconds.
        (rates.lanes, rates.pace.time(1, 1, 1).as_secs_f64() * 1e3)
    }

    #[test]
    fn many_lanes_are_taken_from_where_they_are_cheaper_than_a_few() {
        for (many_ms, many) in [(40, 9), (80, 9), (96, 10), (120, 13), (142, 15)] {
            assert_eq!(chosen(many_ms, 1).0, Lanes { many, ..LANES }, "{many_ms}");
        }
        assert!((chosen(80, 1).1 - 5.0).abs() < 1e-9);
    }

    #[test]
    fn many_lanes_that_save_little_are_left_alone() {
        for many_ms in [145, 160, 400] {
            let (lanes, ms) = chosen(many_ms, 1);
            assert_eq!(lanes, Lanes::always(2), "{many_ms}");
            assert!((ms - 10.0).abs() < 1e-9, "{many_ms}: {ms}");
        }
    }

    #[test]
    fn nobody_waits_long_for_company() {
        assert_eq!(chosen(80, 12).0, LANES);
        assert_eq!(chosen(80, 13).0, Lanes::always(2));
    }

    #[test]
    fn where_there_is_one_number_of_lanes_it_stays_and_there_is_at_least_one() {
        let one = NonZeroU32::MIN;
        for (given, expected) in [(0, 1), (1, 1), (2, 2)] {
            let Rates { lanes, pace, .. } = measure(Lanes::always(given), one);
            assert_eq!(lanes.at_once(100), expected);
            assert!(pace.time(1, 1, 1) < Duration::from_secs(1));
        }
    }
}
