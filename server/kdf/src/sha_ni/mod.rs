//! Several derivations side by side on the SHA extensions of x86-64.

use crate::{Input, Key};

use lane::Lane;
use schedule::Job;

mod compress;
mod lane;
mod schedule;

/// Three or four take little less time for each hash, and the more of it until one is done; see
/// `README.md`.
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

/// A key from each input, in their order.
pub fn derive(sha_ni: ShaNi, inputs: &[Input<'_>], pause: impl FnMut()) -> Vec<Key> {
    let advance = |jobs: &mut [Box<Job>], count| match jobs {
        [one] => sha_ni.advance([&mut one.lane], count),
        [one, two] => sha_ni.advance([&mut one.lane, &mut two.lane], count),
        _ => unreachable!("there are 1 to {LANES} jobs"),
    };
    schedule::derive(inputs, advance, pause)
}
