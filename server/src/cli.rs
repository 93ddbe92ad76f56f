//! The `hallpass` command line: what can be asked for, and how the answers look.

mod arguments;
mod audit;
mod block;
mod client;
mod executor;
mod export;
mod given;
mod import;
mod keys;
mod list;
mod registration;
mod reset;
mod sessions;
mod store;
mod terminal;
mod token;
mod user;
mod variables;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::{Config, with_variables};

pub use self::arguments::parse;
pub use self::audit::AuditArgs;
pub use self::block::BlockCommand;
pub use self::client::ClientCommand;
pub use self::given::Given;
#[cfg(fuzzing)]
pub(crate) use self::import::read as read_import;
pub use self::keys::KeysCommand;
pub use self::registration::RegistrationArgs;
pub use self::reset::ResetCommand;
pub use self::store::StoreCommand;
pub use self::terminal::{ReaderGone, printable};
pub use self::token::TokenCommand;
pub use self::user::UserCommand;
pub use self::variables::warn_of_unknown_variables;

/// What the top of `--help` is not enough for.
const EXAMPLES: &str = "\
Examples:
  hallpass                                  serve http://127.0.0.1:8080, data in ./hallpass-data
  hallpass serve --listen 127.0.0.1:0       take a free port; the first line on stdout says which
  hallpass user add ada --role admin        make the first admin, also while the server runs
  hallpass user import users.csv            move in from Django, Keycloak and others
  hallpass config                           show the settings, and what is wrong with them
  hallpass token inspect < token.txt        say what is wrong with an access token

`hallpass user --help`, `hallpass keys --help` and `hallpass token --help` say more. While a server
runs on the data directory, they go through its control socket and take effect at once.";

/// A login service that you can measure
#[derive(Debug, Parser)]
#[command(version = env!("HALLPASS_VERSION"), args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Cli {
    /// File with settings, in TOML, such as `access-ttl = "10m"`. Flags and variables count before
    /// it. `hallpass config` shows what is in force
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Config,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server; this is also what plain `hallpass` does
    Serve(Box<Config>),
    /// Make, list, change, move and delete users
    #[command(subcommand, after_help = user::EXAMPLES)]
    User(UserCommand),
    /// List and withdraw the links under which people set a new password
    #[command(subcommand, after_help = reset::EXAMPLES)]
    Reset(ResetCommand),
    /// List and rotate the keys that sign access tokens
    #[command(subcommand, after_help = keys::EXAMPLES)]
    Keys(KeysCommand),
    /// Open or close registration in the running server, or show which it is
    #[command(after_help = registration::EXAMPLES)]
    Registration(RegistrationArgs),
    /// Block networks for a time
    #[command(subcommand, after_help = block::EXAMPLES)]
    Block(BlockCommand),
    /// Make, list and delete the clients that may ask about tokens or revoke them
    #[command(subcommand, after_help = client::EXAMPLES)]
    Client(ClientCommand),
    /// Show what happened that matters to security
    #[command(after_help = audit::EXAMPLES)]
    Audit(AuditArgs),
    /// Back up, restore, check, repair and copy the database
    #[command(subcommand, after_help = store::EXAMPLES)]
    Store(StoreCommand),
    /// Show the settings in force, where each of them comes from, and what is wrong with them
    #[command(after_help = given::EXAMPLES)]
    Config(Box<Config>),
    /// Look into access tokens
    #[command(subcommand, after_help = token::EXAMPLES)]
    Token(TokenCommand),
}

impl Cli {
    /// The command line, with a variable for each setting: `HALLPASS_LISTEN` for `--listen`.
    pub fn with_variables() -> clap::Command {
        with_variables(Self::command())
    }

    /// What is asked for.
    pub fn into_command(self) -> Command {
        self.command.unwrap_or_else(|| Command::Serve(Box::new(self.serve)))
    }
}

/// Does what is asked for, but for serving.
///
/// # Errors
///
/// Why it was not done.
#[tokio::main(flavor = "current_thread")]
pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(_) | Command::Config(_) => anyhow::bail!("this is not done here"),
        Command::User(command) => command.run().await,
        Command::Reset(command) => command.run().await,
        Command::Keys(command) => command.run().await,
        Command::Registration(args) => args.run().await,
        Command::Block(command) => command.run().await,
        Command::Client(command) => command.run().await,
        Command::Audit(args) => args.run().await.map(|()| ExitCode::SUCCESS),
        Command::Store(command) => command.run().await,
        Command::Token(command) => command.run().await,
    }
}

#[cfg(test)]
mod tests;
