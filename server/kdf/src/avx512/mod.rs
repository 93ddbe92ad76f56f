//! Sixteen derivations side by side on AVX-512, in plain arithmetic; where the processor has the SHA
//! extensions too, a few are left to those.

use crate::lanes::Lanes;
use crate::schedule::{Job, Kernel};
use crate::sha_ni::ShaNi;

mod compress;

/// A register's bits, by those of a word.
const LANES: usize = 512 / 32;

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
        // What is compiled for AVX-512 may use the older instructions as well, which the first one
        // implies.
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

    fn for_a_few(self, jobs: usize) -> Option<ShaNi> {
        self.sha_ni.filter(|sha_ni| jobs <= sha_ni.lanes().throughput)
    }
}

impl Kernel for Avx512 {
    fn lanes(self) -> Lanes {
        let latency = self.sha_ni.map_or(LANES, |sha_ni| sha_ni.lanes().latency);
        Lanes { latency, throughput: LANES }
    }

    fn turn(self, jobs: usize) -> u32 {
        self.for_a_few(jobs).map_or(TURN, |sha_ni| sha_ni.turn(jobs))
    }

    fn advance(self, jobs: &mut [Box<Job>], count: u32) {
        if let Some(sha_ni) = self.for_a_few(jobs.len()) {
            return sha_ni.advance(jobs, count);
        }
        assert!(jobs.len() <= LANES, "{} jobs for {LANES} lanes", jobs.len());
        let mut lanes: Vec<_> = jobs.iter_mut().map(|job| &mut job.lane).collect();
        // SAFETY: `iterate` is safe but for the target feature that it is compiled with, avx512f. The
        // processor has it, or there would be no `self`.
        unsafe { compress::iterate(&mut lanes, count) }
    }
}
