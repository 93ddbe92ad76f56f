//! Two derivations side by side on the SHA extensions of x86-64.

use crate::lane::Lane;
use crate::lanes::Lanes;
use crate::schedule::{Job, Kernel};

mod compress;

/// Three or four take little less time for each hash, and the more of it until one is done; see
/// `README.md`.
const LANES: usize = 2;

/// Iterations between two pauses: 150 us on AMD's Zen 4, 350 us on Intel's Emerald Rapids.
const TURN: u32 = 2048;

/// Proof that the processor has the instructions: [`ShaNi::detect`] alone makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShaNi(());

impl ShaNi {
    pub fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("sse4.1")
            && is_x86_feature_detected!("ssse3");
        has_all.then_some(Self(()))
    }

    /// Computes `count` more iterations in each lane.
    fn iterate<const N: usize>(self, lanes: [&mut Lane; N], count: u32) {
        // SAFETY: `iterate` is safe but for the target features that it is compiled with: sha,
        // sse4.1 and ssse3. The processor has all three, or there would be no `self`.
        unsafe { compress::iterate(lanes, count) }
    }
}

impl Kernel for ShaNi {
    fn lanes(self) -> Lanes {
        Lanes::always(LANES)
    }

    fn turn(self, _: usize) -> u32 {
        TURN
    }

    fn advance(self, jobs: &mut [Box<Job>], count: u32) {
        match jobs {
            [one] => self.iterate([&mut one.lane], count),
            [one, two] => self.iterate([&mut one.lane, &mut two.lane], count),
            _ => unreachable!("there are 1 to {LANES} jobs"),
        }
    }
}
