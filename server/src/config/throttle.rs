//! How often somebody may try.

use std::num::NonZeroU32;

use clap::Args;

use super::Switch;

/// How often somebody may try.
#[derive(Args, Clone, Debug)]
pub struct ThrottleArgs {
    /// Whether logins, registrations and other uses of a password are limited by address and by
    /// account; off is for load tests only
    #[arg(long, value_name = "on|off", hide_possible_values = true, default_value = "on")]
    pub login_throttle: Switch,

    /// How many servers share the database behind one balancer. Each of them admits that part of
    /// the attempts of an address
    #[arg(long, value_name = "N", default_value = "1")]
    pub nodes: NonZeroU32,
}
