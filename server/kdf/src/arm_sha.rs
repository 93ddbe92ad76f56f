//! Two or four derivations side by side on the SHA-256 instructions of 64-bit ARM.

use std::arch::is_aarch64_feature_detected;

use crate::lane::Lane;
use crate::lanes::Lanes;
use crate::schedule::{Job, Kernel};

mod compress;

/// The two instructions of four rounds take four cycles or more on most processors, which can start
/// one in each. So a second one fills the time in which the first waits for itself.
const FEW: usize = 2;

/// More fill what that leaves. How much it is was measured nowhere.
const MANY: usize = 4;

/// Iterations of a pair between two pauses.
const TURN: u32 = 2048;

/// Proof that the processor has the instructions: [`ArmSha::detect`] alone makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArmSha(());

impl ArmSha {
    pub fn detect() -> Option<Self> {
        is_aarch64_feature_detected!("sha2").then_some(Self(()))
    }

    /// Computes `count` more iterations in each lane.
    fn iterate<const N: usize>(self, lanes: [&mut Lane; N], count: u32) {
        // SAFETY: `iterate` is safe but for the target feature that it is compiled with, sha2. The
        // processor has it, or there would be no `self`.
        unsafe { compress::iterate(lanes, count) }
    }
}

impl Kernel for ArmSha {
    fn lanes(self) -> Lanes {
        Lanes::always(FEW).and(MANY, MANY)
    }

    fn turn(self, jobs: usize) -> u32 {
        TURN / jobs.div_ceil(FEW) as u32
    }

    fn advance(self, jobs: &mut [Box<Job>], count: u32) {
        match jobs {
            [one] => self.iterate([&mut one.lane], count),
            [one, two] => self.iterate([&mut one.lane, &mut two.lane], count),
            [one, two, three] => {
                self.iterate([&mut one.lane, &mut two.lane, &mut three.lane], count);
            }
            [one, two, three, four] => {
                let lanes = [&mut one.lane, &mut two.lane, &mut three.lane, &mut four.lane];
                self.iterate(lanes, count);
            }
            _ => unreachable!("there are 1 to {MANY} jobs"),
        }
    }
}
