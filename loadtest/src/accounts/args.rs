//! The options about accounts, the same for every command.

use std::path::PathBuf;
use std::time::Duration;

use crate::parse::parse_duration;

/// How many accounts, and where they are kept.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Accounts")]
pub(crate) struct AccountArgs {
    /// How many accounts the requests are shared out among [default: one for each user of `goose`,
    /// else 50; as many more as it takes for logins in two steps]
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub(crate) accounts: Option<usize>,

    /// Keep names and passwords in FILE, and use those that are in it for this host
    ///
    /// One JSON object in each line, written as the accounts are made; nobody else can read the
    /// file.
    #[arg(long, value_name = "FILE", requires = "host")]
    pub(crate) accounts_file: Option<PathBuf>,

    /// How long registering and signing in the accounts may take
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    pub(crate) provision_timeout: Duration,
}

impl AccountArgs {
    /// This many accounts, and no other option.
    pub(crate) fn of(count: usize) -> Self {
        let provision_timeout = Duration::from_secs(600);
        Self { accounts: Some(count), accounts_file: None, provision_timeout }
    }
}

fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1_000_000) => Ok(count),
        _ => Err("give a number from 1 to 1000000".to_owned()),
    }
}
