//! The command line of `failover`.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use super::act::Act;
use crate::experiment::{Common, GeneratorArgs};
use crate::parse::{parse_rate, parse_seconds};
use crate::slo::Slo;
use crate::sut::parse_host;

/// Nodes and the primary are killed: how long until all is as usual, and was any promise broken?
///
/// Verifications, logins, refreshes and sign-outs arrive at fixed rates at a cluster, while its
/// script carries out the --acts. After each acknowledged sign-out, every node is asked about the
/// token at once. It passes if each kind of request holds its --slo again within --recover-within
/// of each act, and if the history of all requests shows no broken promise.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,

    /// The script that knows the cluster: `SCRIPT status` names its nodes, and each of the --acts
    /// is given to it [default: scripts/cluster, unless --host is given]
    #[arg(long, value_name = "SCRIPT")]
    pub(super) cluster: Option<PathBuf>,

    /// A node that is asked about each token that was signed out; repeatable [default: those of
    /// --cluster, else every --host]
    #[arg(long, value_name = "URL", value_delimiter = ',', value_parser = parse_host)]
    pub(super) node: Vec<Url>,

    /// What is done to the cluster, and when after the warm-up, in ascending order; `none` for
    /// nothing [default with --cluster: '10s kill-node 1, 60s start-node 1, 80s kill-primary']
    #[arg(long, value_name = "ACTS", value_delimiter = ',')]
    pub(super) acts: Vec<Act>,

    /// So many kills in place of --acts, one after the other: of each node in turn, and of the
    /// primary at each second of four. Each has time to recover: 200 take 80 minutes
    #[arg(
        long, value_name = "N", conflicts_with = "acts",
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub(super) kills: Option<u32>,

    /// Verifications per second of tokens that the nodes know
    #[arg(long, value_name = "RATE", default_value = "100", value_parser = parse_rate)]
    pub(super) verify_rate: f64,

    /// Logins per second
    #[arg(long, value_name = "RATE", default_value = "4", value_parser = parse_rate)]
    pub(super) login_rate: f64,

    /// Refreshes per second
    #[arg(long, value_name = "RATE", default_value = "10", value_parser = parse_rate)]
    pub(super) refresh_rate: f64,

    /// Sign-outs per second
    #[arg(long, value_name = "RATE", default_value = "4", value_parser = parse_rate)]
    pub(super) sign_out_rate: f64,

    /// How many sessions are open at the start, to be refreshed and signed out
    #[arg(
        long, value_name = "N", default_value = "200",
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub(super) sessions: u32,

    /// How long verifications and logins arrive first, unmeasured
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_seconds)]
    pub(super) warm_up: Duration,

    /// How long requests arrive after that [default: until the last of the --kills is over, or
    /// 140s]
    #[arg(short = 't', long, value_name = "TIME", value_parser = parse_seconds)]
    pub(super) time: Option<Duration>,

    /// How soon after each act the --slo must hold again
    #[arg(long, value_name = "TIME", default_value = "40s", value_parser = parse_seconds)]
    pub(super) recover_within: Duration,

    /// What must hold in each second but those after an act, such as 'sign_out p99<2s'; repeatable
    /// [default: 'errors<1%' and 'p99<1s', each where no other is about the same]
    #[arg(long, value_name = "SLO", value_delimiter = ';')]
    pub(super) slo: Vec<Slo>,

    #[command(flatten)]
    pub(super) generator: GeneratorArgs,
}

const EXAMPLES: &str = "\
examples:
  hallpass-loadtest failover                                     with scripts/cluster up, in two and a half minutes
  hallpass-loadtest failover --kills 3                           in a minute and a half
  hallpass-loadtest failover --acts '5s kill-primary' -t 60s
  hallpass-loadtest failover --acts '5s partition 2, 50s heal 2' -t 90s
  hallpass-loadtest failover --host http://10.0.0.1:8080 --host http://10.0.0.2:8080    without acts";
