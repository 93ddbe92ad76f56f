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
    /// The iterations of a new hash.
    pub iterations: NonZeroU32,
    /// The number of hashing threads.
    pub threads: usize,
    /// How many passwords a thread hashes at once. If hashing many at once turns out to save
    /// nothing, it stays at a few.
    pub lanes: Lanes,
    /// Learns how long each job took.
    pub observer: Arc<dyn PoolObserver>,
}

impl Settings {
    /// Settings that suit this machine, with no observer.
    pub fn new(iterations: NonZeroU32) -> Self {
        Self {
            iterations,
            threads: thread::available_parallelism().map_or(1, Into::into),
            lanes: hallpass_kdf::lanes(),
            observer: Arc::new(Unobserved),
        }
    }
}

/// What a password costs, and how much hashing many at once saves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub lanes: Lanes,
    /// The pace with all lanes full.
    pub pace: Pace,
    /// What a password costs in full lanes, divided by what it costs among a few.
    pub saving: f64,
}

impl Rates {
    /// The rates if only a few passwords are hashed at once, however many wait.
    pub(super) fn of_a_few(self) -> Self {
        Self {
            lanes: Lanes::always(self.lanes.latency),
            pace: self.pace.scaled(1.0 / self.saving),
            saving: 1.0,
        }
    }
}

/// Many passwords at once must cost at most this part of what a few cost. Otherwise waiting for a
/// full batch is not worth it.
const WORTH: f64 = 0.9;

/// The longest that a full batch may take. Otherwise the first in the queue waits too long for the
/// others.
const PATIENCE: Duration = Duration::from_secs(1);

/// Measures what passwords of so many iterations cost on this machine. It is a first guess, and
/// quick enough for every start.
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
    // From this number on, full lanes cost no more than hashing them a few at a time.
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

/// The pace for each number of passwords at once. Each is tried three times by turns, and the
/// fastest counts.
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

    /// What is chosen if two passwords take 20 ms and sixteen take `many_ms`.
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
