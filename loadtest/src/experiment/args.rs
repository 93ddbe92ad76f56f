//! The options of every experiment.

use std::time::Duration;

use crate::accounts::AccountArgs;
use crate::report::OutputArgs;
use crate::target::{TargetArgs, parse_duration};

/// Which server, which accounts, which reports.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    #[command(flatten)]
    pub(crate) accounts: AccountArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// A length of time that is not zero.
///
/// # Errors
///
/// What is wrong with the text.
pub(crate) fn parse_positive(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration.is_zero() {
        return Err("give a time that is not zero".to_owned());
    }
    Ok(duration)
}
