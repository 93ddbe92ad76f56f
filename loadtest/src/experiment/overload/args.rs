//! The command line of `overload`.

use std::time::Duration;

use crate::experiment::knee::SearchArgs;
use crate::experiment::{Common, GeneratorArgs, Stream};
use crate::parse::{parse_rate, parse_seconds, parse_share, parse_times};

/// What does a server do at twice its capacity, and how does it recover?
///
/// First it seeks the knee, unless --knee gives it. Then requests arrive at --back-to of it, at
/// --factor times it, and at --back-to again. It passes if the server serves --keep of the knee in
/// the overload and refuses the rest with 503 or 429. Each --slo must hold again within
/// --recover-within, and the p99 in the end must be at most --within times that of before.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,

    /// The kind of request that overloads the server
    #[arg(
        long,
        env = "HALLPASS_LOAD_OVERLOAD_OF",
        value_name = "REQUEST",
        value_enum,
        default_value = "login"
    )]
    pub(super) of: Stream,

    /// The knee, per second [default: it is sought]
    #[arg(long, value_name = "RATE", value_parser = parse_rate)]
    pub(super) knee: Option<f64>,

    /// How many times the knee arrives during the overload
    #[arg(long, value_name = "TIMES", default_value = "2", value_parser = parse_times)]
    pub(super) factor: f64,

    /// The share of the knee that arrives before and after
    #[arg(long, value_name = "PERCENT", default_value = "80%", value_parser = parse_share)]
    pub(super) back_to: f64,

    /// How long requests arrive before the overload
    #[arg(long, value_name = "TIME", default_value = "8s", value_parser = parse_seconds)]
    pub(super) before: Duration,

    /// How long the overload lasts
    #[arg(
        long = "overload-time", value_name = "TIME", default_value = "12s",
        value_parser = parse_seconds
    )]
    pub(super) overload: Duration,

    /// How long requests arrive after it
    #[arg(long, value_name = "TIME", default_value = "40s", value_parser = parse_seconds)]
    pub(super) after: Duration,

    /// How soon after the overload each --slo must hold again
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_seconds)]
    pub(super) recover_within: Duration,

    /// The share of the knee that must be served in the overload
    #[arg(long, value_name = "PERCENT", default_value = "90%", value_parser = parse_share)]
    pub(super) keep: f64,

    /// How many times the p99 of before it may be in the end
    #[arg(long, value_name = "TIMES", default_value = "2", value_parser = parse_times)]
    pub(super) within: f64,

    #[command(flatten)]
    pub(super) search: SearchArgs,

    #[command(flatten)]
    pub(super) generator: GeneratorArgs,
}

const EXAMPLES: &str = "\
examples:
  hallpass-loadtest overload                            finds the knee first; about two minutes
  hallpass-loadtest overload --knee 50 --factor 3";
