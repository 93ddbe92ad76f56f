mod run;

use clap::{Args, Subcommand};
use hallpass_contract::USER_ROLE;

use super::executor::Place;
use super::export::Export;
use super::import::Import;
use super::list::ListUsers;
use super::sessions::{EndSessions, ListSessions};
use crate::config::{List, PasswordArgs, list};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass user add ada --role admin --role user      asks for the password
  pwgen -s 20 1 | hallpass user add bob --password-stdin
  hallpass user list --role admin
  hallpass user roles ada --add billing:read
  hallpass user set-password ada                      all sessions of ada end
  hallpass user import users.csv
  hallpass user export > backup.csv

While a server runs on the data directory, these go through its control socket and take effect at
once; the server logs them. While none runs, they open the directory themselves, and nothing is
logged. Each exits with 0 if it was done, 1 if not, and 2 if the arguments make no sense.";

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make a user; asks for the password
    #[command(after_help = ADD_EXAMPLES)]
    Add(Add),
    /// List the users, in the order of their registration
    #[command(after_help = super::list::EXAMPLES)]
    List(ListUsers),
    /// Set the roles of a user, or show them
    #[command(after_help = ROLES_EXAMPLES)]
    Roles(Roles),
    /// Set a new password; all sessions of the user end
    #[command(after_help = SET_PASSWORD_EXAMPLES)]
    SetPassword(SetPassword),
    /// Shut a user out; their sessions end at once
    #[command(after_help = DISABLE_EXAMPLES)]
    Disable(Named),
    /// Let a user in again who was shut out
    #[command(after_help = DISABLE_EXAMPLES)]
    Enable(Named),
    /// List the sessions of a user, the one that was used last first
    #[command(after_help = super::sessions::EXAMPLES)]
    Sessions(ListSessions),
    /// Sign a user out, or everybody
    #[command(after_help = super::sessions::EXAMPLES)]
    EndSessions(EndSessions),
    /// Forget a user's failed logins, so that they may sign in from a new address again
    #[command(after_help = UNLOCK_EXAMPLES)]
    Unlock(Named),
    /// Take all second factors from a user who has lost them; all sessions of the user end
    #[command(after_help = RESET_FACTORS_EXAMPLES)]
    ResetFactors(Named),
    /// Remove a user with all that belongs to them
    #[command(after_help = DELETE_EXAMPLES)]
    Delete(Delete),
    /// Take over users with their password hashes from another system
    #[command(after_help = super::import::EXAMPLES)]
    Import(Import),
    /// Write all users with their password hashes, as `import` reads them
    #[command(after_help = super::export::EXAMPLES)]
    Export(Export),
}

const ADD_EXAMPLES: &str = "\
Examples:
  hallpass user add ada --role admin --role user
  hallpass user add deploy-bot --password-stdin < /run/secrets/deploy-bot

The data directory is made if it is not there, so the first admin can come before the first start.
The password policy applies; a running server goes by its own --password-min and
--pbkdf2-iterations.";

/// `hallpass user add`
#[derive(Args, Debug)]
pub struct Add {
    /// The username
    #[arg(value_name = "NAME")]
    username: String,
    /// A role, one each time or with commas between; `admin` may use the admin routes
    #[arg(long, value_name = "ROLE", default_value = USER_ROLE, value_parser = roles)]
    role: Vec<List<String>>,
    /// Read the password from standard input; one newline at its end does not belong to it
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    passwords: PasswordArgs,
    #[command(flatten)]
    place: Place,
}

const ROLES_EXAMPLES: &str = "\
Examples:
  hallpass user roles ada                             show them
  hallpass user roles ada user editor                 exactly these from now on
  hallpass user roles ada --add editor --remove user  change some

A role has 1 to 64 of the characters a-z, 0-9 and : . _ -, and takes effect with the next request.
The last admin stays one.";

/// `hallpass user roles`
#[derive(Args, Debug)]
pub struct Roles {
    /// The user
    #[arg(value_name = "NAME")]
    username: String,
    /// All roles from now on; without any, they are shown
    #[arg(value_name = "ROLE", conflicts_with_all = ["add", "remove"], value_parser = roles)]
    roles: Vec<List<String>>,
    /// A role to give, one each time or with commas between
    #[arg(long, value_name = "ROLE", value_parser = roles)]
    add: Vec<List<String>>,
    /// A role to take away, one each time or with commas between
    #[arg(long, value_name = "ROLE", value_parser = roles)]
    remove: Vec<List<String>>,
    #[command(flatten)]
    place: Place,
}

fn roles(text: &str) -> Result<List<String>, String> {
    let roles = list(text, |role| Ok(role.to_owned()))?;
    if roles.is_empty() { Err("give a role".to_owned()) } else { Ok(roles) }
}

const SET_PASSWORD_EXAMPLES: &str = "\
Examples:
  hallpass user set-password ada
  pwgen -s 20 1 | tee /dev/tty | hallpass user set-password ada --password-stdin

For whoever forgot theirs. Failed logins of before don't count against the user any more.";

/// `hallpass user set-password`
#[derive(Args, Debug)]
pub struct SetPassword {
    /// The user
    #[arg(value_name = "NAME")]
    username: String,
    /// Read the password from standard input; one newline at its end does not belong to it
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    passwords: PasswordArgs,
    #[command(flatten)]
    place: Place,
}

const DISABLE_EXAMPLES: &str = "\
Examples:
  hallpass user disable mallory       no login, no token and no session of mallory is good any more
  hallpass user enable mallory        may sign in again; the sessions of before stay ended

The last admin can't be disabled.";

/// `hallpass user disable`, `hallpass user enable` and `hallpass user unlock`
#[derive(Args, Debug)]
pub struct Named {
    /// The user
    #[arg(value_name = "NAME")]
    username: String,
    #[command(flatten)]
    place: Place,
}

const UNLOCK_EXAMPLES: &str = "\
Examples:
  hallpass user unlock ada

After 100 failed logins in a row, only addresses from which ada was signed in before may try for an
hour. This forgets the failures. What one address may try is limited as before.";

const RESET_FACTORS_EXAMPLES: &str = "\
Examples:
  hallpass user reset-factors ada

For whoever has lost their second factors and all recovery codes. The password alone signs them in
afterwards. Under --require-second-factor it begins the set-up of another factor. So set a new
password as well if somebody else may know it.";

const DELETE_EXAMPLES: &str = "\
Examples:
  hallpass user delete mallory        asks whether to
  hallpass user delete mallory --yes  does not

The name is free again afterwards, the id is never used again. The last admin can't be deleted.";

/// `hallpass user delete`
#[derive(Args, Debug)]
pub struct Delete {
    /// The user
    #[arg(value_name = "NAME")]
    username: String,
    /// Do not ask whether to
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Place,
}
