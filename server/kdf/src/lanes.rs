/// How many inputs one core derives side by side: a few of them, and larger numbers where so many
/// wait that these cost the core less for each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lanes {
    /// The first `len` count. The rest is empty.
    steps: [Step; Lanes::MOST_STEPS],
    len: usize,
}

/// One number of inputs side by side.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Step {
    /// The number of lanes.
    pub lanes: usize,
    /// How many inputs it takes for these lanes to cost the core less than the smaller numbers do.
    pub from: usize,
}

impl Lanes {
    /// The most numbers that there can be.
    pub const MOST_STEPS: usize = 4;

    /// No other number than this one.
    ///
    /// # Panics
    ///
    /// If it is 0.
    pub const fn always(lanes: usize) -> Self {
        assert!(lanes > 0);
        let mut steps = [Step { lanes: 0, from: 0 }; Self::MOST_STEPS];
        steps[0] = Step { lanes, from: 1 };
        Self { steps, len: 1 }
    }

    /// Adds a larger number, which is taken if at least `from` inputs wait.
    ///
    /// # Panics
    ///
    /// If there are too many numbers, or this one is not larger than the others, or so few inputs
    /// take another one.
    #[must_use]
    pub const fn and(mut self, lanes: usize, from: usize) -> Self {
        let last = self.steps[self.len - 1];
        assert!(lanes > last.lanes && from > last.lanes && from <= lanes);
        self.steps[self.len] = Step { lanes, from };
        self.len += 1;
        self
    }

    /// All numbers, the smallest one first.
    pub fn steps(&self) -> &[Step] {
        &self.steps[..self.len]
    }

    /// The smallest number: with it, an input takes the least time until it is done.
    pub const fn few(&self) -> usize {
        self.steps[0].lanes
    }

    /// The largest number: with it, an input costs the core least.
    pub const fn most(&self) -> usize {
        self.steps[self.len - 1].lanes
    }

    /// The place in [`Lanes::steps`] of the number that is taken for so many inputs.
    pub fn step_for(&self, waiting: usize) -> usize {
        self.steps().iter().rposition(|step| step.from <= waiting).unwrap_or(0)
    }

    /// How many of `waiting` inputs to derive next, so that all of them together cost the core the
    /// least.
    pub fn at_once(&self, waiting: usize) -> usize {
        self.steps[self.step_for(waiting)].lanes.min(waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_numbers_of_lanes_are_for_many_inputs_and_a_few_lanes_for_a_few() {
        let lanes = Lanes::always(2).and(16, 9).and(32, 20);
        let at_once = [0, 1, 2, 3, 8, 9, 15, 16, 19, 20, 31, 32, 33, 100]
            .map(|waiting| lanes.at_once(waiting));
        assert_eq!(at_once, [0, 1, 2, 2, 2, 9, 15, 16, 16, 20, 31, 32, 32, 32]);
        assert_eq!((lanes.few(), lanes.most()), (2, 32));
    }

    #[test]
    fn with_one_number_of_lanes_that_is_it() {
        for most in 1..5 {
            for waiting in 0..10 {
                assert_eq!(Lanes::always(most).at_once(waiting), waiting.min(most));
            }
        }
    }

    #[test]
    #[should_panic = "lanes > last.lanes"]
    fn a_number_that_is_not_larger_is_refused() {
        let _ = Lanes::always(2).and(2, 2);
    }
}
