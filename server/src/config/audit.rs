//! The audit log.

use std::time::Duration;

use clap::Args;

use super::Switch;
use super::values::{audit_keep, bytes};

/// What becomes of audit records.
#[derive(Args, Clone, Debug)]
pub struct AuditArgs {
    /// Whether security events, such as logins, are logged, one line each, whatever --log-level
    /// says
    #[arg(
        long,
        value_name = "ON|OFF",
        value_enum,
        hide_possible_values = true,
        default_value = "on"
    )]
    pub audit_log: Switch,

    /// How long security events are kept in the database, for `hallpass audit` and for admins: 0s
    /// to 10y. With 0s, none are kept
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = audit_keep)]
    pub audit_keep: Duration,

    /// The most that the security events in the database may take, such as 256MiB or 2GiB. The
    /// oldest are removed first
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = bytes)]
    pub audit_max_size: u64,
}
