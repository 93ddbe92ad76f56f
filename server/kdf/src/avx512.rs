//! Sixteen derivations side by side on AVX-512, in plain arithmetic. A few are left to the SHA
//! extensions where the processor has them too, and else one alone to the `sha2` crate.

use crate::lane::Lane;
use crate::lanes::Lanes;
use crate::schedule::{Job, Kernel};
use crate::sha_ni::ShaNi;

mod compress;

/// A register's bits, by those of a word.
const LANES: usize = 512 / 32;

/// From how many on they cost less here than by two on the SHA extensions: sixteen take as long as
/// four pairs do on Intel's Emerald Rapids. Other processors have other numbers.
const MANY: usize = LANES / 2 + 1;

/// Iterations between two pauses: some 150 us.
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
    fn iterate(self, mut lanes: Vec<&mut Lane>, count: u32) {
        assert!(lanes.len() <= LANES, "{} for {LANES} lanes", lanes.len());
        // SAFETY: `iterate` is safe but for the target feature that it is compiled with, avx512f.
        // The processor has it, or there would be no `self`.
        unsafe { compress::iterate(&mut lanes, count) }
    }

    /// Whether so many jobs are left to something else.
    fn are_few(self, jobs: usize) -> bool {
        jobs <= self.lanes().latency
    }
}

impl Kernel for Avx512 {
    fn lanes(self) -> Lanes {
        match self.sha_ni {
            Some(sha_ni) => {
                Lanes { latency: sha_ni.lanes().latency, throughput: LANES, many: MANY }
            }
            None => Lanes { latency: 1, throughput: LANES, many: 2 },
        }
    }

    fn turn(self, jobs: usize) -> u32 {
        match self.sha_ni {
            Some(sha_ni) if self.are_few(jobs) => sha_ni.turn(jobs),
            _ => TURN,
        }
    }

    fn advance(self, jobs: &mut [Box<Job>], count: u32) {
        match self.sha_ni {
            Some(sha_ni) if self.are_few(jobs.len()) => sha_ni.advance(jobs, count),
            None if self.are_few(jobs.len()) => {
                jobs.iter_mut().for_each(|job| job.lane.iterate(count));
            }
            _ => self.iterate(jobs.iter_mut().map(|job| &mut job.lane).collect(), count),
        }
    }
}
