use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use hallpass_kdf::Input;

use super::pace::Pace;
use super::stats::{PoolObserver, Unobserved};

/// How a pool works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What a new hash costs.
    pub iterations: NonZeroU32,
    /// Hashing threads.
    pub threads: usize,
    /// How many passwords a thread hashes at once.
    pub lanes: usize,
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

/// A first guess, short enough to be made at each start.
pub(super) fn measure(lanes: usize) -> Pace {
    const ITERATIONS: NonZeroU32 = NonZeroU32::new(20_000).expect("not 0");
    let started = Instant::now();
    black_box(hallpass_kdf::derive(&vec![Input::new(b"", b"", ITERATIONS); lanes]));
    Pace::measured(started.elapsed(), lanes, ITERATIONS.get())
}
