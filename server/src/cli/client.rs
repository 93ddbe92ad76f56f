//! `hallpass client`: services that may ask about tokens or revoke them.

use std::process::ExitCode;

use anyhow::bail;
use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum};

use super::executor::{Offline, Place, unexpected};
use super::terminal::{Stdout, note, printable, say, to_the_second};
use crate::control::{Command, OauthCommand, Reply, ShownOauthClient};
use crate::store::OauthGrant;

pub(super) const EXAMPLES: &str = "\
Examples:
  secret=$(hallpass client add billing --may introspect)
  hallpass client add gateway --may introspect,revoke
  hallpass client list
  hallpass client delete billing

A client sends its name and its secret by HTTP's Basic scheme, or as client_id and client_secret of the
form, to POST /oauth/introspect (RFC 7662) and POST /oauth/revoke (RFC 7009). A new client counts at
once, and so does the end of one, on every server of the database. To change a secret, make a client
of another name, give the service that one, and delete the first.";

impl ValueEnum for OauthGrant {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Introspect, Self::Revoke]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Introspect => "Ask whether a token is active, and what it says",
            Self::Revoke => "End the session of a token",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

/// What can be done with clients.
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Make a client, and write its secret to standard output: it is shown this once
    #[command(after_help = EXAMPLES)]
    Add(AddClient),
    /// List the clients, in the order of their names
    #[command(after_help = EXAMPLES)]
    List(ListClients),
    /// Delete a client: from then on its secret opens nothing
    #[command(after_help = EXAMPLES)]
    Delete(DeleteClient),
}

/// `hallpass client add`
#[derive(Args, Debug)]
pub struct AddClient {
    /// Its `client_id`: 1 to 64 ASCII letters, digits, hyphens, dots and underscores
    #[arg(value_name = "NAME")]
    name: String,
    /// What it may do. Separate values by commas
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',', required = true)]
    may: Vec<OauthGrant>,
    #[command(flatten)]
    place: Place,
}

/// `hallpass client list`
#[derive(Args, Debug)]
pub struct ListClients {
    /// Write a JSON object in a line for each: `name`, `may`, `created_at`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// `hallpass client delete`
#[derive(Args, Debug)]
pub struct DeleteClient {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    place: Place,
}

impl ClientCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(add) => add.run().await?,
            Self::List(list) => list.run().await?,
            Self::Delete(delete) => delete.run().await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl AddClient {
    async fn run(self) -> anyhow::Result<()> {
        let command = OauthCommand::AddClient { name: self.name, may: self.may };
        let mut executor = self.place.executor(Offline::default()).await?;
        let reply = executor.ask(Command::Oauth(command)).await?;
        let Reply::OauthClientMade { client, secret } = reply else { bail!(unexpected()) };
        say(secret.expose())?;
        note(format_args!(
            "this is the client_secret of {}, which is kept nowhere else; the client may {}",
            client.name,
            granted(&client, " and ")
        ));
        Ok(())
    }
}

impl ListClients {
    async fn run(self) -> anyhow::Result<()> {
        let clients = clients(&self.place, OauthCommand::Clients).await?;
        let mut stdout = Stdout::lock();
        if !self.json {
            stdout.line(row("NAME", "CREATED", "MAY"))?;
        }
        for client in clients {
            match self.json {
                true => stdout.line(serde_json::to_string(&client)?)?,
                false => stdout.line(shown(&client))?,
            }
        }
        stdout.flush()
    }
}

impl DeleteClient {
    async fn run(self) -> anyhow::Result<()> {
        let clients = clients(&self.place, OauthCommand::DeleteClient { name: self.name }).await?;
        let [client] = &clients[..] else { bail!(unexpected()) };
        say(format_args!("deleted client {}", client.name))
    }
}

async fn clients(place: &Place, command: OauthCommand) -> anyhow::Result<Vec<ShownOauthClient>> {
    let mut executor = place.executor(Offline::default()).await?;
    match executor.ask(Command::Oauth(command)).await? {
        Reply::OauthClients { clients } => Ok(clients),
        _ => bail!(unexpected()),
    }
}

fn granted(client: &ShownOauthClient, between: &str) -> String {
    client.may.iter().map(|grant| grant.name()).collect::<Vec<_>>().join(between)
}

fn row(name: &str, created: &str, may: &str) -> String {
    format!("{name:<24}  {created:<20}  {may}")
}

fn shown(client: &ShownOauthClient) -> String {
    row(&printable(&client.name), &to_the_second(&client.created_at), &granted(client, ","))
}
