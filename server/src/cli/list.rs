use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use hallpass_contract::AdminUser;

use super::executor::{Offline, Place, unexpected};
use super::terminal::{Stdout, note, printable, to_the_second};
use crate::control::{Command, Reply};
use crate::store::UserId;

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass user list
  hallpass user list --role admin
  hallpass user list --without-second-factor
  hallpass user list --search smith
  hallpass user list --json | jq -r 'select(.disabled) | .username'";

/// Users that are asked for at once.
pub(super) const PAGE: usize = 500;

/// `hallpass user list`
#[derive(Args, Debug)]
pub struct ListUsers {
    /// Only those whose names hold this text, whatever its case
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    search: Option<String>,
    /// Only those who have this role
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Only those who have neither a passkey nor an authenticator app
    #[arg(long)]
    without_second_factor: bool,
    /// Write a JSON object in a line for each: id, username, roles, `created_at`, disabled,
    /// `second_factor`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

impl ListUsers {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut executor = self.place.executor(Offline::default()).await?;
        let mut stdout = Stdout::lock();
        if !self.json {
            stdout.line(row(["ID", "CREATED", "STATE", "FACTOR", "NAME", "ROLES"]))?;
        }
        let (mut after, mut code) = (None, ExitCode::SUCCESS);
        loop {
            let command = Command::Users { search: self.search.clone(), after, limit: PAGE };
            let Reply::Users { users, damaged, next } = executor.ask(command).await? else {
                bail!(unexpected())
            };
            for user in users.iter().filter(|user| self.wants(user)) {
                match self.json {
                    true => stdout.line(serde_json::to_string(user)?)?,
                    false => stdout.line(shown(user))?,
                }
            }
            for user in damaged {
                note(format_args!("hallpass: {}", left_out(user)));
                code = ExitCode::FAILURE;
            }
            if next.is_none() {
                return stdout.flush().map(|()| code);
            }
            after = next;
        }
    }

    fn wants(&self, user: &AdminUser) -> bool {
        let has_role = self.role.as_ref().is_none_or(|role| user.roles.contains(role));
        has_role && !(self.without_second_factor && user.second_factor)
    }
}

/// What is said of a user whose record can't be read.
pub(super) fn left_out(user: UserId) -> String {
    format!("left out user {user}: the record is damaged; `hallpass store check` says more")
}

/// What has the same width in each row comes first, so that no row waits for the longest name.
fn row([id, created, state, factor, name, roles]: [&str; 6]) -> String {
    format!("{id:<36}  {created:<20}  {state:<8}  {factor:<6}  {name:<20}  {roles}")
        .trim_end()
        .to_owned()
}

fn shown(user: &AdminUser) -> String {
    let state = if user.disabled { "disabled" } else { "active" };
    let factor = if user.second_factor { "yes" } else { "no" };
    let created = to_the_second(&user.created_at);
    let (name, roles) = (printable(&user.username), printable(&user.roles.join(" ")));
    row([&user.id, &created, state, factor, &name, &roles])
}
