//! `hallpass block`: networks to which the API is refused for a time.

use std::env;
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::{Args, Subcommand};
use hallpass_contract::Block;
use ipnet::IpNet;

use super::executor::{Executor, Offline, Place, unexpected};
use super::terminal::{Stdout, confirmed, printable, say, to_the_second};
use crate::client::parse_blocked;
use crate::control::{Command, Incident, Reply};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass block add 192.0.2.7 --for 1h
  hallpass block add 2001:db8::/48 --for 7d --reason 'guesses passwords'
  hallpass block list
  hallpass block remove 192.0.2.7

Clients of a blocked network get a 403 from the API, and a 401 from /api/verify. It counts at once, on
every server of the database, and after a restart. Of an IPv6 address its /64 is blocked. Behind a proxy
the address counts that the proxy tells, see --trusted-proxy.";

/// What can be done with networks.
#[derive(Debug, Subcommand)]
pub enum BlockCommand {
    /// Block a network or an address for a time
    #[command(after_help = EXAMPLES)]
    Add(AddBlock),
    /// List the networks that are blocked, the one that was blocked first coming first
    #[command(after_help = EXAMPLES)]
    List(ListBlocks),
    /// Let a network use the API again
    #[command(after_help = EXAMPLES)]
    Remove(RemoveBlock),
}

/// `hallpass block add`
#[derive(Args, Debug)]
pub struct AddBlock {
    /// The network, such as 192.0.2.0/24, or an address
    #[arg(value_name = "NETWORK", value_parser = parse_blocked)]
    network: IpNet,
    /// For how long: 1s to 366d, such as 1h
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    lasts: Duration,
    /// Why, for other admins
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Block it without asking, even if your own address, this machine or a large part of the
    /// internet is in it
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

/// `hallpass block list`
#[derive(Args, Debug)]
pub struct ListBlocks {
    /// Write a JSON object in a line for each: id, network, since, until, reason
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// `hallpass block remove`
#[derive(Args, Debug)]
pub struct RemoveBlock {
    /// The network as it was blocked
    #[arg(value_name = "NETWORK", value_parser = parse_blocked)]
    network: IpNet,
    #[command(flatten)]
    place: Place,
}

impl BlockCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(add) => add.run().await?,
            Self::List(list) => list.run().await?,
            Self::Remove(remove) => remove.run().await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl AddBlock {
    async fn run(self) -> anyhow::Result<()> {
        let own = own_address().filter(|own| self.network.contains(own) && !self.yes);
        if let Some(own) = own {
            insist(&format!("you are connected from {own}, which is in this network"))?;
        }
        let force = self.yes || own.is_some();
        let reply = self.ask(force).await?;
        let reply = match reply {
            Reply::Hazard { reason } => {
                insist(&reason)?;
                self.ask(true).await?
            }
            reply => reply,
        };
        let Reply::Blocks { blocks } = reply else { bail!(unexpected()) };
        let [block] = &blocks[..] else { bail!(unexpected()) };
        say(format_args!("blocked {} until {}", block.network, to_the_second(&block.until)))
    }

    async fn ask(&self, force: bool) -> anyhow::Result<Reply> {
        let command = Command::Incident(Incident::Block {
            network: self.network,
            seconds: self.lasts.as_secs(),
            reason: self.reason.clone(),
            force,
        });
        self.place.executor(Offline::default()).await?.ask(command).await
    }
}

fn insist(reason: &str) -> anyhow::Result<()> {
    if !confirmed(&format!("Careful: {reason}. Block it all the same?"))? {
        bail!("nothing was blocked");
    }
    Ok(())
}

/// From where the operator is connected to this machine, if it is by SSH.
fn own_address() -> Option<IpAddr> {
    let connection = env::var("SSH_CONNECTION").ok()?;
    let address: IpAddr = connection.split(' ').next()?.parse().ok()?;
    Some(address.to_canonical())
}

impl ListBlocks {
    async fn run(self) -> anyhow::Result<()> {
        let executor = self.place.executor(Offline::default()).await?;
        let blocks = blocks(executor, Command::Incident(Incident::Blocks)).await?;
        let mut stdout = Stdout::lock();
        if !self.json {
            stdout.line(row("NETWORK", "SINCE", "UNTIL", "REASON"))?;
        }
        for block in blocks {
            match self.json {
                true => stdout.line(serde_json::to_string(&block)?)?,
                false => stdout.line(shown(&block))?,
            }
        }
        stdout.flush()
    }
}

impl RemoveBlock {
    async fn run(self) -> anyhow::Result<()> {
        let executor = self.place.executor(Offline::default()).await?;
        blocks(executor, Command::Incident(Incident::Unblock { network: self.network })).await?;
        say(format_args!("{} is not blocked any more", self.network))
    }
}

async fn blocks(mut executor: Executor, command: Command) -> anyhow::Result<Vec<Block>> {
    let Reply::Blocks { blocks } = executor.ask(command).await? else { bail!(unexpected()) };
    Ok(blocks)
}

fn row(network: &str, since: &str, until: &str, reason: &str) -> String {
    format!("{network:<24}  {since:<20}  {until:<20}  {reason}").trim_end().to_owned()
}

fn shown(block: &Block) -> String {
    let (since, until) = (to_the_second(&block.since), to_the_second(&block.until));
    row(&block.network, &since, &until, &printable(&block.reason))
}
