//! Sixteen or 32 derivations side by side on AVX-512, in plain arithmetic. A few are left to the
//! SHA extensions where the processor has them too, and else one alone to the `sha2` crate.

use crate::lane::Lane;
use crate::lanes::Lanes;
use crate::schedule::{Job, Kernel, lanes_of};
use crate::sha_ni::ShaNi;

mod compress;

use compress::LANES;

/// From how many on they cost less here than by twos on the SHA extensions: sixteen take as long as
/// four pairs do on Intel's Emerald Rapids. Other processors have other numbers.
const MANY: usize = LANES / 2 + 1;

/// From how many on two groups of sixteen cost no more than one and a few pairs, where they gain
/// nothing from each other, as on Intel's Emerald Rapids.
const TWO_GROUPS: usize = LANES + MANY;

/// Iterations between two pauses, for one group: some 150 us.
const TURN: u32 = 256;

/// Proof that the processor has the instructions: [`Avx512::detect`] alone makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avx512 {
    /// What computes a few.
    sha_ni: Option<ShaNi>,
    _proof: (),
}

impl Avx512 {
    pub fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then_some(Self { sha_ni: ShaNi::detect(), _proof: () })
    }

    /// The same, though for a processor that has no SHA extensions.
    pub fn alone(self) -> Self {
        Self { sha_ni: None, ..self }
    }

    pub fn name(self) -> &'static str {
        match self.sha_ni {
            Some(_) => "avx512+sha-ni",
            None => "avx512",
        }
    }

    /// Computes `count` more iterations in each lane.
    ///
    /// One group has the fewest instructions, and with all rounds unrolled the fewest of all. It
    /// waits for itself where the processor starts more than two of them in a cycle, as AMD's Zen 5
    /// does: there two groups fill each other's gaps, if their instructions are few enough for the
    /// processor to keep them decoded.
    fn iterate(self, mut lanes: Vec<&mut Lane>, count: u32) {
        assert!(lanes.len() <= 2 * LANES, "{} for two groups of {LANES}", lanes.len());
        // SAFETY: `iterate` is safe but for the target feature that it is compiled with, avx512f.
        // The processor has it, or there would be no `self`.
        unsafe {
            if lanes.len() <= LANES {
                compress::iterate::<1, false>(&mut lanes, count);
            } else {
                compress::iterate::<2, true>(&mut lanes, count);
            }
        }
    }

    /// What computes so many jobs in the place of this, if they are few.
    fn of_few(self, jobs: usize) -> Option<ShaNi> {
        self.sha_ni.filter(|sha_ni| jobs <= sha_ni.lanes().most())
    }
}

impl Kernel for Avx512 {
    fn lanes(self) -> Lanes {
        match self.sha_ni {
            Some(sha_ni) => sha_ni.lanes().and(LANES, MANY).and(2 * LANES, TWO_GROUPS),
            None => Lanes::always(1).and(LANES, 2).and(2 * LANES, LANES + 2),
        }
    }

    fn turn(self, jobs: usize) -> u32 {
        match self.of_few(jobs) {
            Some(sha_ni) => sha_ni.turn(jobs),
            None => TURN / jobs.div_ceil(LANES) as u32,
        }
    }

    fn advance(self, jobs: &mut [Box<Job>], count: u32) {
        match (self.of_few(jobs.len()), jobs) {
            (Some(sha_ni), jobs) => sha_ni.advance(jobs, count),
            (None, [one]) => one.lane.iterate(count),
            (None, jobs) => self.iterate(lanes_of(jobs), count),
        }
    }
}
