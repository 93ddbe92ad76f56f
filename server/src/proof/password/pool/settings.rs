use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;

use hallpass_kdf::Lanes;

use super::stats::{PoolObserver, Unobserved};

/// How a pool works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The iterations of a new hash.
    pub iterations: NonZeroU32,
    /// The number of hashing threads.
    pub threads: usize,
    /// How many passwords a thread may hash at once. A measurement leaves out the larger numbers
    /// that save nothing.
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
