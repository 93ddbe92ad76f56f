//! The command line of `storm`.

use std::time::Duration;

use super::users::Retry;
use super::variant::Variant;
use crate::experiment::{Common, GeneratorArgs};
use crate::parse::{parse_positive, parse_rate, parse_seconds};
use crate::slo::Slo;

/// Everybody signs in at once after an outage: how long until the server is itself again?
///
/// In each variant a few people sign in and have their tokens verified as on any day, the server is
/// killed and started again (not with --host), and all --users sign in: at the same moment, or
/// spread over --jitter, and with or without trying again when they are refused. The variants run
/// one after the other. It passes if in each of them the people of any day get their --slo again
/// within --recover-within, and if at least 99 % of the users who try again are signed in in the
/// end.
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

    /// Over which time they are spread with jitter
    #[arg(
        long, env = "HALLPASS_LOAD_JITTER", value_name = "TIME", default_value = "5s",
        value_parser = parse_positive
    )]
    pub(super) jitter: Duration,

    /// Which variants: `plain`, `jitter`, `retry`, `jitter-retry`
    #[arg(
        long,
        env = "HALLPASS_LOAD_VARIANTS",
        value_name = "NAMES",
        value_enum,
        value_delimiter = ',',
        default_value = "plain,jitter,retry,jitter-retry"
    )]
    pub(super) variants: Vec<Variant>,

    /// How often a user tries at most, with retry
    #[arg(
        long, env = "HALLPASS_LOAD_ATTEMPTS", value_name = "N", default_value = "6",
        value_parser = clap::value_parser!(u32).range(2..=100)
    )]
    pub(super) attempts: u32,

    /// How long a user waits before the second attempt; twice as long before each further one, and
    /// at least as long as the server's Retry-After says
    #[arg(
        long, env = "HALLPASS_LOAD_BACKOFF", value_name = "TIME", default_value = "1s",
        value_parser = parse_positive
    )]
    pub(super) backoff: Duration,

    /// Verifications per second of any day
    #[arg(
        long, env = "HALLPASS_LOAD_VERIFY_RATE", value_name = "RATE", default_value = "100",
        value_parser = parse_rate
    )]
    pub(super) verify_rate: f64,

    /// Logins per second of any day, by which the recovery is told
    #[arg(
        long, env = "HALLPASS_LOAD_LOGIN_RATE", value_name = "RATE", default_value = "5",
        value_parser = parse_rate
    )]
    pub(super) login_rate: f64,

    /// How long only these arrive first
    #[arg(
        long, env = "HALLPASS_LOAD_BEFORE", value_name = "TIME", default_value = "3s",
        value_parser = parse_seconds
    )]
    pub(super) before: Duration,

    /// How long the outage lasts, in the last second of which the server is started again
    #[arg(
        long, env = "HALLPASS_LOAD_OUTAGE", value_name = "TIME", default_value = "2s",
        value_parser = parse_seconds
    )]
    pub(super) outage: Duration,

    /// How long is watched what comes after it
    #[arg(
        long, env = "HALLPASS_LOAD_WATCH", value_name = "TIME", default_value = "20s",
        value_parser = parse_seconds
    )]
    pub(super) watch: Duration,

    /// How soon after the outage the --slo must hold again
    #[arg(
        long, env = "HALLPASS_LOAD_RECOVER_WITHIN", value_name = "TIME", default_value = "15s",
        value_parser = parse_seconds
    )]
    pub(super) recover_within: Duration,

    /// What must hold of the logins of any day, such as 'login p99<1s'; repeatable [default: that
    /// and 'errors<0.1%', each where no other is about the same]
    #[arg(long, env = "HALLPASS_LOAD_SLO", value_name = "SLO", value_delimiter = ';')]
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
