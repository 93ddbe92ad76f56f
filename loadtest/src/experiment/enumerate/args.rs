//! The command line of `enumerate`.

use std::time::Duration;

use crate::experiment::Common;
use crate::parse::{parse_duration, parse_positive};

/// Does the time of a refused sign-in betray who has an account?
///
/// Sign-ins with a wrong password, with a name that nobody has and, where the server is one of the
/// run's own, to a disabled account are sent one at a time in random order, and their times are
/// compared. It fails if they differ for certain (a rank-sum test) and by enough to be of use to
/// somebody, or if the answers themselves differ. The machine should have nothing else to do.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,

    /// How long to ask
    #[arg(
        short = 't', long, env = "HALLPASS_LOAD_TIME", value_name = "TIME", default_value = "60s",
        value_parser = parse_positive
    )]
    pub(crate) time: Duration,

    /// How many sign-ins of each kind there are at most
    #[arg(long, env = "HALLPASS_LOAD_SAMPLES", value_name = "N", default_value = "2000")]
    pub(crate) samples: u32,

    /// Up to which effect a difference is of no use: Cliff's delta, from 0 to 1
    ///
    /// How much more often one kind takes longer than the other than it takes less. At 0.15,
    /// whoever guesses from one answer is right in 57 or 58 of 100 cases, where a coin is right in
    /// 50.
    #[arg(
        long, env = "HALLPASS_LOAD_BOUND", value_name = "DELTA", default_value = "0.15",
        value_parser = parse_delta
    )]
    pub(crate) bound: f64,

    /// Up to which difference of the medians there is nothing that a network lets through
    #[arg(
        long, env = "HALLPASS_LOAD_BOUND_TIME", value_name = "TIME", default_value = "20us",
        value_parser = parse_duration
    )]
    pub(crate) bound_time: Duration,

    /// What the random order and the resampling are drawn from
    #[arg(long, env = "HALLPASS_LOAD_SEED", value_name = "N", default_value = "1")]
    pub(crate) seed: u64,
}

/// Up to which a difference is of no use to anybody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) delta: f64,
    pub(super) time_us: f64,
}

const EXAMPLES: &str = "\
examples:
  hallpass-loadtest enumerate
  hallpass-loadtest enumerate --host http://127.0.0.1:5000 --target flask-tutorial -t 2m";

impl Args {
    pub(super) fn bounds(&self) -> Bounds {
        Bounds { delta: self.bound, time_us: self.bound_time.as_secs_f64() * 1e6 }
    }
}

fn parse_delta(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(delta) if (0.0..=1.0).contains(&delta) => Ok(delta),
        _ => Err("give a number from 0 to 1".to_owned()),
    }
}
