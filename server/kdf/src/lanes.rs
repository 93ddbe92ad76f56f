/// How many inputs one core derives side by side.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lanes {
    /// With the least time until they are done.
    pub latency: usize,
    /// With the least time of the core for each. No less than `latency`.
    pub throughput: usize,
}

impl Lanes {
    /// No other number than this one.
    pub const fn always(lanes: usize) -> Self {
        Self { latency: lanes, throughput: lanes }
    }

    /// How many of `waiting` inputs to derive next: as many as save time for all that wait. From half of
    /// the most on, those done together are done sooner than those done a few at a time.
    pub fn at_once(self, waiting: usize) -> usize {
        let worth_it = self.throughput / 2;
        let most = if waiting > worth_it { self.throughput } else { self.latency };
        most.max(1).min(waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lanes_are_for_many_inputs_and_a_few_lanes_for_a_few() {
        let lanes = Lanes { latency: 2, throughput: 16 };
        let at_once = [0, 1, 2, 3, 8, 9, 15, 16, 17, 100].map(|waiting| lanes.at_once(waiting));
        assert_eq!(at_once, [0, 1, 2, 2, 2, 9, 15, 16, 16, 16]);
    }

    #[test]
    fn without_lanes_it_goes_on_one_by_one() {
        assert_eq!([0, 1, 5].map(|waiting| Lanes::always(0).at_once(waiting)), [0, 1, 1]);
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
