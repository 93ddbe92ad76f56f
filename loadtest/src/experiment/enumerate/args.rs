//! The command line of `enumerate`.

use std::time::Duration;

use crate::experiment::Common;
use crate::parse::{parse_duration, parse_positive};

/// Does the time of a refused sign-in betray who has an account?
///
/// Sends sign-ins that must be refused, one at a time in random order. They have a wrong password
/// or an unknown name; on a started server one account is disabled. It fails if their times differ
/// for certain (rank-sum test) and by enough to matter, or if the answers differ. The machine
/// should have nothing else to do.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,

    /// How long sign-ins are sent
    #[arg(
        short = 't', long, value_name = "TIME", default_value = "60s",
        value_parser = parse_positive
    )]
    pub(crate) time: Duration,

    /// The most sign-ins of each kind
    #[arg(long, value_name = "N", default_value = "2000")]
    pub(crate) samples: u32,

    /// Differences up to this effect are allowed: Cliff's delta, from 0 to 1
    ///
    /// Delta is how much more often one kind takes longer than the other than it takes less. At
    /// 0.15, a guess from one answer is right in 57 or 58 of 100 cases; a coin is right in 50.
    #[arg(long, value_name = "DELTA", default_value = "0.15", value_parser = parse_delta)]
    pub(crate) bound: f64,

    /// Differences of the medians up to this time are allowed
    #[arg(long, value_name = "TIME", default_value = "20us", value_parser = parse_duration)]
    pub(crate) bound_time: Duration,

    /// The seed of the random order and of the resampling
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) seed: u64,
}

/// Differences up to these bounds are allowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct AllowedDifference {
    pub(super) delta: f64,
    pub(super) time_us: f64,
}

const EXAMPLES: &str = "\
examples:
  hallpass-loadtest enumerate
  hallpass-loadtest enumerate --host http://127.0.0.1:5000 --target flask-tutorial -t 2m";

impl Args {
    pub(super) fn bounds(&self) -> AllowedDifference {
        AllowedDifference { delta: self.bound, time_us: self.bound_time.as_secs_f64() * 1e6 }
    }
}

fn parse_delta(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(delta) if (0.0..=1.0).contains(&delta) => Ok(delta),
        _ => Err("give a number from 0 to 1".to_owned()),
    }
}
