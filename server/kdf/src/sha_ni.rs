//! Two or four derivations side by side on the SHA extensions of x86-64.

use crate::lane::Lane;
use crate::lanes::Lanes;
use crate::schedule::{Job, Kernel};

mod compress;

/// A second one fills the time in which the first waits for itself.
const FEW: usize = 2;

/// More fill what that leaves: a seventh of the time on AMD's Zen 4, nothing on Intel's Emerald
/// Rapids. There they don't cost more than two pairs, either.
const MANY: usize = 4;

/// Iterations of a pair between two pauses: 150 us on AMD's Zen 4, 350 us on Intel's Emerald
/// Rapids.
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
