//! The command line of `isolate`.

use std::str::FromStr;
use std::time::Duration;

use crate::experiment::knee::SearchArgs;
use crate::experiment::{Common, GeneratorArgs};
use crate::parse::{parse_rate, parse_seconds, parse_share, parse_times};

/// Do logins slow verifications down? A fixed rate of verifications beside more and more logins.
///
/// First it seeks the capacity, unless --capacity gives it: the most logins per second beside the
/// verifications. Then logins arrive at each of the --steps, in percent of the capacity. It passes
/// if the p99 of verifications at the last step is at most --within times that of the first. No
/// step may make verifications fail or miss their --slo. Beyond 100 %, the server must still do
/// --keep of the logins of 100 %.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,

    /// Verifications per second; halved until server and generator can do them without logins
    #[arg(long, value_name = "RATE", default_value = "2000", value_parser = parse_rate)]
    pub(super) verify_rate: f64,

    /// The capacity: logins per second that are 100 % [default: it is sought]
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub(super) capacity: Option<f64>,

    /// Login rates in percent of the capacity, ascending from 0
    #[arg(long, value_name = "PERCENTS", default_value = "0,25,50,75,100,125,150")]
    pub(super) steps: LoginSteps,

    /// How long each step is measured
    #[arg(long, value_name = "TIME", default_value = "6s", value_parser = parse_seconds)]
    pub(super) step_time: Duration,

    /// How long requests arrive before each step, unmeasured
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_seconds)]
    pub(super) step_warm_up: Duration,

    /// How many times the p99 of verifications at the first step it may be at the last
    #[arg(long, value_name = "TIMES", default_value = "2", value_parser = parse_times)]
    pub(super) within: f64,

    /// The share of the logins served at 100 % that must still be served beyond
    #[arg(long, value_name = "PERCENT", default_value = "90%", value_parser = parse_share)]
    pub(super) keep: f64,

    /// With more steal than this, a step is taken again up to four times; then the run is invalid
    #[arg(long, value_name = "PERCENT", default_value = "0.5%", value_parser = parse_share)]
    pub(super) max_steal: f64,

    #[command(flatten)]
    pub(super) search: SearchArgs,

    #[command(flatten)]
    pub(super) generator: GeneratorArgs,
}

const EXAMPLES: &str = "\
examples:
  hallpass-loadtest isolate                                     in about three minutes
  hallpass-loadtest isolate --capacity 50 --steps 0,100,150     the short form
  hallpass-loadtest isolate --verify-rate 500 --within 3";

/// Percents, ascending from 0.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LoginSteps(pub(super) Vec<f64>);

impl FromStr for LoginSteps {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let percents: Option<Vec<f64>> =
            text.split(',').map(|one| one.trim().trim_end_matches('%').parse().ok()).collect();
        let percents = percents.filter(|percents| {
            percents.len() > 1
                && percents[0] == 0.0
                && percents.is_sorted_by(|a, b| a < b)
                && percents.iter().all(|percent| *percent <= 1000.0)
        });
        percents.map(Self).ok_or_else(|| {
            format!("{text:?}: give percents that ascend from 0, such as 0,50,100,150")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_ascend_from_0() {
        assert_eq!("0,50, 150%".parse(), Ok(LoginSteps(vec![0.0, 50.0, 150.0])));
        for refused in ["", "0", "50,100", "0,100,50", "0,0", "0,nan", "0,2000", "0,-1"] {
            assert!(refused.parse::<LoginSteps>().is_err(), "{refused}");
        }
    }
}
