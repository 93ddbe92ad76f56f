//! Several derivations side by side on the SHA extensions of x86-64.

use std::hint::black_box;

use crate::{Input, KEY_LEN, Key};

use lane::Lane;

mod compress;
mod lane;

/// See `README.md` for what other numbers cost.
pub const LANES: usize = 2;

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
    fn advance<const N: usize>(self, lanes: [&mut Lane; N], count: u32) {
        // SAFETY: `iterate` is safe but for the target features that it is compiled with: sha,
        // sse4.1 and ssse3. The processor has all three, or there would be no `self`.
        unsafe { compress::iterate(lanes, count) }
    }
}

/// A derivation under way. In a box of its own, so that it does not move and leave a copy behind.
struct Job {
    /// The place of its input, and of its key.
    index: usize,
    lane: Lane,
    /// Iterations until the key is known, then until the padding ends.
    left: u32,
    /// Iterations after the key; `None` once it is known.
    padding: Option<u32>,
}

impl Job {
    fn start(index: usize, input: &Input<'_>) -> Box<Self> {
        let (left, padding) = (input.iterations.get() - 1, Some(input.padding()));
        let mut job = Box::new(Self { index, lane: Lane::default(), left, padding });
        job.lane.start(input.password, input.salt);
        job
    }

    /// Goes on from where nothing is left: to the padding, or not at all.
    fn goes_on(&mut self, keys: &mut [Key]) -> bool {
        match self.padding.take() {
            Some(padding) => {
                keys[self.index] = self.lane.key();
                self.left = padding;
            }
            // Nobody asks what the padding came to, and it has to be computed all the same.
            None => _ = black_box(&self.lane),
        }
        self.left > 0
    }
}

/// Keeps all lanes busy while enough inputs wait: a lane that is done takes the next one.
pub fn derive(sha_ni: ShaNi, inputs: &[Input<'_>]) -> Vec<Key> {
    let mut keys = vec![[0; KEY_LEN]; inputs.len()];
    let mut waiting = inputs.iter().enumerate();
    let mut jobs: Vec<Box<Job>> = Vec::with_capacity(LANES);
    loop {
        let free = LANES - jobs.len();
        jobs.extend(waiting.by_ref().take(free).map(|(index, input)| Job::start(index, input)));
        let Some(count) = jobs.iter().map(|job| job.left).min() else { return keys };
        match &mut jobs[..] {
            [one] => sha_ni.advance([&mut one.lane], count),
            [one, two] => sha_ni.advance([&mut one.lane, &mut two.lane], count),
            _ => unreachable!("no more jobs than lanes"),
        }
        jobs.retain_mut(|job| {
            job.left -= count;
            job.left > 0 || job.goes_on(&mut keys)
        });
    }
}
