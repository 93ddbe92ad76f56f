//! `hallpass registration`: whether everyone may register, while the server runs.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use super::executor::{Executor, Offline, Place, unexpected};
use super::terminal::say;
use crate::config::Registration;
use crate::control::{Command, Incident, Reply};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass registration             says whether everyone may register
  hallpass registration closed      nobody may from now on, until somebody says open
  hallpass registration open

It counts at once, on every server of the database and after a restart, whatever --registration says.
`hallpass user add` makes users all the same.";

/// `hallpass registration`
#[derive(Args, Debug)]
pub struct RegistrationArgs {
    /// Who may register from now on; without it, what is so is shown
    #[arg(value_name = "WHO", value_enum)]
    who: Option<Registration>,
    #[command(flatten)]
    place: Place,
}

impl RegistrationArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let command = match self.who {
            Some(who) => {
                Command::Incident(Incident::SetRegistration { is_open: who == Registration::Open })
            }
            None => Command::Incident(Incident::Registration),
        };
        let mut executor = self.place.executor(Offline::default()).await?;
        let is_served = matches!(executor, Executor::Server(_));
        let Reply::Registration { said, is_open } = executor.ask(command).await? else {
            bail!(unexpected())
        };
        let state = if is_open { Registration::Open } else { Registration::Closed };
        match (said, is_served) {
            (Some(_), _) => say(format_args!("registration is {state}")),
            (None, true) => say(format_args!("registration is {state}, as --registration says")),
            (None, false) => say("registration is as --registration says when the server starts"),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}
