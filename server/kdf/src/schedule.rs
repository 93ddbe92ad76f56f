//! Which inputs are in the lanes, and for how long.

use std::hint::black_box;
use std::ops::ControlFlow;

use crate::lane::Lane;
use crate::lanes::Lanes;
use crate::{Input, KEY_LEN, Key};

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

/// The lanes of these jobs.
#[cfg(target_arch = "x86_64")]
pub fn lanes_of(jobs: &mut [Box<Job>]) -> Vec<&mut Lane> {
    jobs.iter_mut().map(|job| &mut job.lane).collect()
}

/// What computes iterations.
pub trait Kernel: Copy {
    /// All numbers of lanes that it has, and from when on each is worth it on processors that we
    /// know.
    fn lanes(self) -> Lanes;

    /// Iterations of that many jobs between two pauses.
    fn turn(self, jobs: usize) -> u32;

    /// Computes `count` more iterations of 1 to [`Lanes::most`] jobs.
    fn advance(self, jobs: &mut [Box<Job>], count: u32);
}

/// Has the kernel compute in so many lanes until each input has its key and its padding. A lane
/// that is done takes the next input. There is a `pause` after each turn. If one of them breaks it
/// off, there are no keys.
pub fn derive(
    inputs: &[Input<'_>],
    kernel: impl Kernel,
    lanes: Lanes,
    mut pause: impl FnMut() -> ControlFlow<()>,
) -> Option<Vec<Key>> {
    let mut keys = vec![[0; KEY_LEN]; inputs.len()];
    let most = kernel.lanes().most();
    let mut waiting = inputs.iter().enumerate();
    let mut jobs: Vec<Box<Job>> = Vec::with_capacity(most);
    loop {
        // Fewer than there are jobs if most of many are done. The others wait then, as they are.
        let at_once = lanes.at_once(jobs.len() + waiting.len()).min(most);
        let free = at_once.saturating_sub(jobs.len());
        jobs.extend(waiting.by_ref().take(free).map(|(index, input)| Job::start(index, input)));
        let active = &mut jobs[..at_once];
        let Some(left) = active.iter().map(|job| job.left).min() else {
            return Some(keys);
        };
        let count = left.min(kernel.turn(at_once));
        kernel.advance(active, count);
        if pause().is_break() {
            return None;
        }
        active.iter_mut().for_each(|job| job.left -= count);
        jobs.retain_mut(|job| job.left > 0 || job.goes_on(&mut keys));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::num::NonZeroU32;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Iterations without and with padding, of each input.
    fn costs() -> impl Strategy<Value = Vec<(u32, u32)>> {
        vec((1..20_u32, 0..30_u32), 0..15)
    }

    fn inputs(costs: &[(u32, u32)]) -> Vec<Input<'static>> {
        let input = |&(iterations, padded_to): &(u32, u32)| {
            let iterations = NonZeroU32::new(iterations).unwrap();
            Input { padded_to, ..Input::new(b"password", b"salt", iterations) }
        };
        costs.iter().map(input).collect()
    }

    const LANES: Lanes = Lanes::always(2).and(6, 4).and(9, 8);

    const TURN: u32 = 7;

    /// Computes nothing, and tells who would have been in the lanes and for how long.
    #[derive(Clone, Copy)]
    struct Told<'a>(&'a dyn Fn(&[usize], u32));

    impl Kernel for Told<'_> {
        fn lanes(self) -> Lanes {
            LANES
        }

        fn turn(self, _: usize) -> u32 {
            TURN
        }

        fn advance(self, jobs: &mut [Box<Job>], count: u32) {
            let indices: Vec<usize> = jobs.iter().map(|job| job.index).collect();
            self.0(&indices, count);
        }
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
            let computed = RefCell::new(vec![1; costs.len()]);
            let advance = |jobs: &[usize], count| {
                jobs.iter().for_each(|&job| computed.borrow_mut()[job] += count);
            };
            derive(&inputs(&costs), Told(&advance), LANES, || ControlFlow::Continue(()));
            let expected: Vec<u32> =
                costs.iter().map(|(iterations, padded_to)| *iterations.max(padded_to)).collect();
            prop_assert_eq!(computed.into_inner(), expected);
        }

        #[test]
        fn as_many_lanes_are_taken_as_cost_least_for_all_that_are_left(costs in costs()) {
            let cost = |&(iterations, padded_to): &(u32, u32)| iterations.max(padded_to) - 1;
            // An input that costs nothing more has to be begun all the same.
            let left = RefCell::new(costs.iter().map(|c| (cost(c), false)).collect::<Vec<_>>());
            let wrong = RefCell::new(vec![]);
            let advance = |jobs: &[usize], count| {
                let mut left = left.borrow_mut();
                let unfinished = left.iter().filter(|(left, begun)| *left > 0 || !begun).count();
                if jobs.len() != LANES.at_once(unfinished) {
                    wrong.borrow_mut().push((jobs.len(), unfinished));
                }
                for &job in jobs {
                    left[job] = (left[job].0 - count, true);
                }
            };
            derive(&inputs(&costs), Told(&advance), LANES, || ControlFlow::Continue(()));
            prop_assert_eq!(wrong.into_inner(), []);
        }

        #[test]
        fn no_turn_is_longer_than_one_and_each_ends_with_a_pause(costs in costs()) {
            let (turns, longest) = (Cell::new(0), Cell::new(0));
            let advance = |_: &[usize], count: u32| {
                longest.set(count.max(longest.get()));
                turns.set(turns.get() + 1);
            };
            let mut pauses = 0;
            derive(&inputs(&costs), Told(&advance), LANES, || {
                pauses += 1;
                assert_eq!(pauses, turns.get());
                ControlFlow::Continue(())
            });
            prop_assert!(longest.get() <= TURN);
            prop_assert_eq!(pauses, turns.get());
        }
    }

    /// Whoever runs in company, or alone once the others are done.
    #[test]
    fn a_few_that_are_left_of_many_go_on_a_few_at_a_time() {
        let companies = RefCell::new(Vec::new());
        let advance = |jobs: &[usize], count| companies.borrow_mut().push((jobs.to_vec(), count));
        derive(&inputs(&[(2, 0), (2, 0), (4, 0), (6, 0), (5, 0)]), Told(&advance), LANES, || {
            ControlFlow::Continue(())
        });
        let expected = [(vec![0, 1, 2, 3, 4], 1), (vec![2, 3], 2), (vec![3, 4], 2), (vec![4], 1)];
        assert_eq!(companies.into_inner(), expected);
    }
}
