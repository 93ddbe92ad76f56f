//! The options of the generator, the same for every experiment.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::open::{Phase, Plan, Spacing};
use crate::parse::{parse_positive, parse_share};

/// How requests arrive.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Generator")]
pub(crate) struct GeneratorArgs {
    /// The most requests under way at once; more wait, and their wait is part of their latency
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) max_in_flight: NonZeroUsize,

    /// How arrivals are spaced: evenly, or at random as those of many people are
    #[arg(long, value_name = "HOW", value_enum, default_value = "even")]
    pub(crate) arrivals: Spacing,

    /// The seed of random arrivals: the same seed makes the same arrivals
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) seed: u64,

    /// From when on the generator counts as late with a request
    #[arg(long, value_name = "TIME", default_value = "1ms", value_parser = parse_positive)]
    pub(crate) late_after: Duration,

    /// With more of the machine's processor time taken by other processes, and less than a core
    /// idle, the run is invalid
    #[arg(long, value_name = "PERCENT", default_value = "10%", value_parser = parse_share)]
    pub(crate) max_others: f64,

    /// Never sleep: for exact times on a machine with a core to spare. Waking a thread takes up to
    /// 0.2 ms
    #[arg(long)]
    pub(crate) busy_wait: bool,
}

impl GeneratorArgs {
    /// A plan of these phases; `timeout` is as long as a request may take.
    pub(crate) fn plan(&self, phases: Vec<Phase>, timeout: Duration) -> Plan {
        Plan {
            phases,
            spacing: self.arrivals,
            seed: self.seed,
            max_in_flight: self.max_in_flight.get(),
            timeout,
            late_after: self.late_after,
            busy_wait: self.busy_wait,
            max_others: self.max_others,
            keep_samples: false,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::machine::MOST_OTHERS;

    /// What they are without any option.
    pub(crate) fn args() -> GeneratorArgs {
        GeneratorArgs {
            max_in_flight: NonZeroUsize::MIN.saturating_add(999),
            arrivals: Spacing::Even,
            seed: 1,
            late_after: Duration::from_millis(1),
            busy_wait: false,
            max_others: MOST_OTHERS,
        }
    }

    #[test]
    fn the_bound_is_the_one_that_is_documented() {
        use clap::Parser;
        #[derive(Parser)]
        struct CommandLine {
            #[command(flatten)]
            args: GeneratorArgs,
        }
        assert_eq!(CommandLine::parse_from(["open"]).args.max_others, MOST_OTHERS);
    }
}
