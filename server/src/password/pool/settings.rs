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
    /// How many passwords a thread hashes at once. Those for throughput are left alone where they turn
    /// out not to pay.
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

/// By what part many passwords at once have to be cheaper than a few each. They take long until they are
/// done, and who waits for them would like to know what for.
const WORTH: f64 = 0.875;

/// The lanes that pay on this machine, and what a password costs when they are full: a first guess,
/// short enough to be made at each start.
pub(super) fn measure(lanes: Lanes) -> (Lanes, Pace) {
    let few = Lanes::always(lanes.latency);
    let paces = fastest([few.throughput, lanes.throughput]);
    choose([few, lanes], paces)
}

fn choose([few, many]: [Lanes; 2], [of_few, of_many]: [Pace; 2]) -> (Lanes, Pace) {
    if of_many.is_below(of_few, WORTH) { (many, of_many) } else { (few, of_few) }
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

    #[test]
    fn many_lanes_are_taken_where_each_password_gets_cheaper_by_an_eighth() {
        let lanes = [Lanes::always(2), Lanes { latency: 2, throughput: 16 }];
        let pace = |ms, jobs| Pace::measured(Duration::from_millis(ms), jobs, 1);
        let chosen = |few_ms, many_ms| choose(lanes, [pace(few_ms, 2), pace(many_ms, 16)]);
        assert_eq!(chosen(20, 130), (lanes[1], pace(130, 16)));
        assert_eq!(chosen(20, 150), (lanes[0], pace(20, 2)));
        assert_eq!(chosen(20, 400), (lanes[0], pace(20, 2)));
    }

    #[test]
    fn a_machine_with_one_number_of_lanes_keeps_it() {
        for lanes in [Lanes::always(1), Lanes::always(2)] {
            assert_eq!(measure(lanes).0, lanes);
        }
    }
}
