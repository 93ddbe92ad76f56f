//! The options of every experiment.

use crate::accounts::AccountArgs;
use crate::report::OutputArgs;
use crate::sut::TargetArgs;

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
