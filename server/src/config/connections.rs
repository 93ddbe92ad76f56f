//! How many connections there may be, and how they end.

use std::time::Duration;

use clap::Args;

use super::values::shutdown_delay;

/// How many connections there may be, and how they end.
#[derive(Args, Clone, Debug)]
pub struct ConnectionArgs {
    /// The most connections at once; more wait to be accepted
    #[arg(
        long, value_name = "N", default_value_t = 4096,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub max_connections: u32,

    /// The most connections at once from one address (IPv6: from one /64); by default a quarter of
    /// --max-connections. A --trusted-proxy has no such limit
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections_per_address: Option<u32>,

    /// How long the server goes on after SIGTERM, with /readyz at 503, so that a load balancer can
    /// take it out first: 0s to 10m. SIGINT does not wait
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = shutdown_delay)]
    pub shutdown_delay: Duration,

    /// How long requests may take to finish after that. Docker kills a container 10s after SIGTERM:
    /// if the two together are longer, use `docker stop --time`
    #[arg(
        long, value_name = "DURATION", default_value = "8s",
        value_parser = humantime::parse_duration
    )]
    pub drain_timeout: Duration,
}
