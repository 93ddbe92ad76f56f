//! Eight derivations side by side on AVX2, in plain arithmetic, for processors that have neither
//! AVX-512 nor the SHA extensions. A few are left to the `sha2` crate, one after the other.

use crate::lane::Lane;
use crate::lanes::Lanes;
use crate::schedule::{Job, Kernel, lanes_of};

mod compress;

use compress::LANES;

/// From how many on they cost less here than one after the other.
const MANY: usize = 3;

/// Iterations between two pauses: some 150 us.
const TURN: u32 = 256;

/// Proof that the processor has the instructions: [`Avx2::detect`] alone makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx2(());

impl Avx2 {
    pub fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// Computes `count` more iterations in each lane.
    fn iterate(self, mut lanes: Vec<&mut Lane>, count: u32) {
        assert!(lanes.len() <= LANES, "{} for {LANES} lanes", lanes.len());
        // SAFETY: `iterate` is safe but for the target feature that it is compiled with, avx2. The
        // processor has it, or there would be no `self`.
        unsafe { compress::iterate::<1, true>(&mut lanes, count) }
    }
}

impl Kernel for Avx2 {
    fn lanes(self) -> Lanes {
        Lanes::always(1).and(LANES, MANY)
    }

    fn turn(self, _: usize) -> u32 {
        TURN
    }

    fn advance(self, jobs: &mut [Box<Job>], count: u32) {
        match jobs {
            [one] => one.lane.iterate(count),
            _ => self.iterate(lanes_of(jobs), count),
        }
    }
}
