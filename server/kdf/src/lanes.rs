/// How many inputs one core derives side by side.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lanes {
    /// With the least time until they are done.
    pub latency: usize,
    /// With the least time of the core for each. No less than `latency`.
    pub throughput: usize,
    /// How many inputs it takes for `throughput` of them at once to cost the core less than
    /// `latency` of them at a time.
    pub many: usize,
}

impl Lanes {
    /// No other number than this one.
    pub const fn always(lanes: usize) -> Self {
        Self { latency: lanes, throughput: lanes, many: lanes }
    }

    /// How many of `waiting` inputs to derive next, so that all of them together cost the core the
    /// least.
    pub fn at_once(self, waiting: usize) -> usize {
        let most = if waiting >= self.many { self.throughput } else { self.latency };
        most.min(waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lanes_are_for_many_inputs_and_a_few_lanes_for_a_few() {
        let lanes = Lanes { latency: 2, throughput: 16, many: 9 };
        let at_once = [0, 1, 2, 3, 8, 9, 15, 16, 17, 100].map(|waiting| lanes.at_once(waiting));
        assert_eq!(at_once, [0, 1, 2, 2, 2, 9, 15, 16, 16, 16]);
    }

    #[test]
    fn with_one_number_of_lanes_that_is_it() {
        for most in 1..5 {
            for waiting in 0..10 {
                assert_eq!(Lanes::always(most).at_once(waiting), waiting.min(most));
            }
        }
    }
}
