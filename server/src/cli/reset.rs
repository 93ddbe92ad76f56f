//! Reset links: which ones can still be used, and how they are withdrawn.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use hallpass_contract::OpenReset;

use super::executor::{Offline, Place, unexpected};
use super::terminal::{Stdout, printable, say, to_the_second};
use crate::control::{Command, Reply};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass reset list
  hallpass reset list --json | jq -r .user.username
  hallpass reset withdraw ada         the link for ada can't be used any more

Admins make reset links on the page /admin. A link also ends by itself: after 30 minutes, when it is
used, and when the admin who made it gets another password, is demoted, disabled, deleted or signed
out by somebody else.";

/// What can be done with the links under which people set a new password.
#[derive(Debug, Subcommand)]
pub enum ResetCommand {
    /// List the links that can still be used, the one that was made first coming first
    #[command(after_help = EXAMPLES)]
    List(ListResets),
    /// Withdraw the link for a user
    #[command(after_help = EXAMPLES)]
    Withdraw(Withdraw),
}

/// `hallpass reset list`
#[derive(Args, Debug)]
pub struct ListResets {
    /// Write a JSON object in a line for each: user, by, `created_at`, `expires_at`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// `hallpass reset withdraw`
#[derive(Args, Debug)]
pub struct Withdraw {
    /// The user for whom the link is
    #[arg(value_name = "NAME")]
    username: String,
    #[command(flatten)]
    place: Place,
}

impl ResetCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run().await?,
            Self::Withdraw(withdraw) => withdraw.run().await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl ListResets {
    async fn run(self) -> anyhow::Result<()> {
        let mut executor = self.place.executor(Offline::default()).await?;
        let Reply::Resets { resets } = executor.ask(Command::Resets).await? else {
            bail!(unexpected())
        };
        let mut stdout = Stdout::lock();
        if !self.json {
            stdout.line(row("MADE", "ENDS", "FOR", "BY"))?;
        }
        for offer in resets {
            match self.json {
                true => stdout.line(serde_json::to_string(&offer)?)?,
                false => stdout.line(shown(&offer))?,
            }
        }
        stdout.flush()
    }
}

impl Withdraw {
    async fn run(self) -> anyhow::Result<()> {
        let mut executor = self.place.executor(Offline::default()).await?;
        let command = Command::WithdrawReset { username: self.username };
        let Reply::User { user } = executor.ask(command).await? else { bail!(unexpected()) };
        say(format_args!("withdrew the reset link for {}", printable(&user.username)))
    }
}

fn row(made: &str, ends: &str, user: &str, by: &str) -> String {
    format!("{made:<20}  {ends:<20}  {user:<20}  {by}").trim_end().to_owned()
}

fn shown(offer: &OpenReset) -> String {
    let (made, ends) = (to_the_second(&offer.created_at), to_the_second(&offer.expires_at));
    row(&made, &ends, &printable(&offer.user.username), &printable(&offer.by.username))
}
