//! The command line of `storm`.

use std::time::Duration;

use super::users::Retry;
use super::variant::Variant;
use crate::experiment::{Common, GeneratorArgs};
use crate::parse::{parse_positive, parse_rate, parse_seconds};
use crate::slo::Slo;

/// Everybody signs in after an outage: how long until all is as usual?
///
/// In each variant, usual logins and verifications arrive. The server is killed and started again
/// (not with --host), and all --users sign in: at one moment or spread over --jitter, with or
/// without retries. It passes if in each variant the usual logins hold their --slo again within
/// --recover-within. Also, at least 99 % of the users who retry must get in.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,

    /// How many sign in after the outage
    #[arg(
        long, env = "HALLPASS_LOAD_STORM_USERS", value_name = "N", default_value = "800",
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub(super) users: u32,

    /// The time over which they are spread in variants with jitter
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_positive)]
    pub(super) jitter: Duration,

    /// Which variants: `plain`, `jitter`, `retry`, `jitter-retry`
    #[arg(
        long,
        value_name = "NAMES",
        value_enum,
        value_delimiter = ',',
        default_value = "plain,jitter,retry,jitter-retry"
    )]
    pub(super) variants: Vec<Variant>,

    /// How often a user tries at most, with retry
    #[arg(
        long, value_name = "N", default_value = "6",
        value_parser = clap::value_parser!(u32).range(2..=100)
    )]
    pub(super) attempts: u32,

    /// How long a user waits before the second attempt; doubled before each further one, and at
    /// least as long as Retry-After says
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_positive)]
    pub(super) backoff: Duration,

    /// Usual verifications per second
    #[arg(long, value_name = "RATE", default_value = "100", value_parser = parse_rate)]
    pub(super) verify_rate: f64,

    /// Usual logins per second, by which the recovery is judged
    #[arg(long, value_name = "RATE", default_value = "5", value_parser = parse_rate)]
    pub(super) login_rate: f64,

    /// How long only the usual requests arrive first
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = parse_seconds)]
    pub(super) before: Duration,

    /// How long the outage lasts; the server starts again in its last second
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_seconds)]
    pub(super) outage: Duration,

    /// How long the run goes on after the outage
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = parse_seconds)]
    pub(super) watch: Duration,

    /// How soon after the outage the --slo must hold again
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = parse_seconds)]
    pub(super) recover_within: Duration,

    /// What the usual logins must hold, such as 'login p99<1s'; repeatable [default: that and
    /// 'errors<0.1%', each where no other is about the same]
    #[arg(long, value_name = "SLO", value_delimiter = ';')]
    pub(super) slo: Vec<Slo>,

    #[command(flatten)]
    pub(super) generator: GeneratorArgs,
}

const EXAMPLES: &str = "\
examples:
  hallpass-loadtest storm                                        all four variants, in about two minutes
  hallpass-loadtest storm --users 2000 --variants retry,jitter-retry --watch 60s --recover-within 50s
  hallpass-loadtest storm --host https://auth.example.test --users 200    without an outage";

impl Args {
    /// How users of a variant try again, if they do.
    pub(super) fn retry(&self, variant: Variant) -> Option<Retry> {
        variant.retries().then_some(Retry {
            attempts: self.attempts,
            backoff: self.backoff,
            jitter: variant.jitters(),
        })
    }
}
