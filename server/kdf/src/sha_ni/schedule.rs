//! Which inputs are in the lanes, and for how long.

use std::hint::black_box;

use crate::{Input, KEY_LEN, Key};

use super::LANES;
use super::lane::Lane;

/// A derivation under way. In a box of its own, so that it does not move and leave a copy behind.
pub struct Job {
    pub lane: Lane,
    /// The place of its input, and of its key.
    index: usize,
    /// Iterations until the key is known, then until the padding ends.
    left: u32,
    /// Iterations after the key; `None` once it is known.
    padding: Option<u32>,
}

impl Job {
    fn start(index: usize, input: &Input<'_>) -> Box<Self> {
        let (left, padding) = (input.iterations.get() - 1, Some(input.padding()));
        let mut job = Box::new(Self { lane: Lane::default(), index, left, padding });
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

/// Iterations between two pauses: some 150 us.
const TURN: u32 = 2048;

/// Has `advance` compute iterations in the lanes of 1 to [`LANES`] jobs, which it does for all of them
/// alike, until each input has its key and its padding. A lane that is done takes the next input.
/// There is a `pause` after no more than [`TURN`] iterations.
pub fn derive(
    inputs: &[Input<'_>],
    mut advance: impl FnMut(&mut [Box<Job>], u32),
    mut pause: impl FnMut(),
) -> Vec<Key> {
    let mut keys = vec![[0; KEY_LEN]; inputs.len()];
    let mut waiting = inputs.iter().enumerate();
    let mut jobs: Vec<Box<Job>> = Vec::with_capacity(LANES);
    loop {
        let free = LANES - jobs.len();
        jobs.extend(waiting.by_ref().take(free).map(|(index, input)| Job::start(index, input)));
        let Some(left) = jobs.iter().map(|job| job.left).min() else { return keys };
        let count = left.min(TURN);
        advance(&mut jobs, count);
        pause();
        jobs.retain_mut(|job| {
            job.left -= count;
            job.left > 0 || job.goes_on(&mut keys)
        });
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::num::NonZeroU32;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Iterations without and with padding, of each input.
    fn costs() -> impl Strategy<Value = Vec<(u32, u32)>> {
        vec((1..20_u32, 0..30_u32), 0..8)
    }

    fn inputs(costs: &[(u32, u32)]) -> Vec<Input<'static>> {
        let input = |&(iterations, padded_to): &(u32, u32)| {
            let iterations = NonZeroU32::new(iterations).unwrap();
            Input { padded_to, ..Input::new(b"password", b"salt", iterations) }
        };
        costs.iter().map(input).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: if cfg!(miri) { 4 } else { 256 },
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn each_input_costs_its_iterations_and_its_padding(costs in costs()) {
            // Starting a job computes the first one.
            let mut computed = vec![1; costs.len()];
            let advance = |jobs: &mut [Box<Job>], count| {
                jobs.iter().for_each(|job| computed[job.index] += count);
            };
            derive(&inputs(&costs), advance, || ());
            let expected: Vec<u32> =
                costs.iter().map(|(iterations, padded_to)| *iterations.max(padded_to)).collect();
            prop_assert_eq!(computed, expected);
        }

        #[test]
        fn no_lane_is_free_while_an_input_waits(costs in costs()) {
            let mut started = vec![false; costs.len()];
            let mut free_too_early = false;
            let advance = |jobs: &mut [Box<Job>], _| {
                jobs.iter().for_each(|job| started[job.index] = true);
                free_too_early |= jobs.len() < LANES && started.contains(&false);
            };
            derive(&inputs(&costs), advance, || ());
            prop_assert!(!free_too_early);
        }

        #[test]
        fn no_turn_is_longer_than_one_and_each_ends_with_a_pause(
            costs in vec((1..3 * TURN, 0..5 * TURN), 0..5),
        ) {
            let turns = Cell::new(0);
            let mut longest = 0;
            let advance = |_: &mut [Box<Job>], count| {
                longest = longest.max(count);
                turns.set(turns.get() + 1);
            };
            let mut pauses = 0;
            derive(&inputs(&costs), advance, || {
                pauses += 1;
                assert_eq!(pauses, turns.get());
            });
            prop_assert!(longest <= TURN);
            prop_assert_eq!(pauses, turns.get());
        }
    }
}
