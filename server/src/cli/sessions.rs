//! The sessions of users: which there are, and how they are ended.

use anyhow::bail;
use clap::Args;
use hallpass_contract::Session;

use super::executor::{Offline, Place, unexpected};
use super::terminal::{Stdout, confirmed, printable, say, to_the_second};
use crate::control::{Command, Incident, Reply};
use crate::store::SessionId;

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass user sessions ada                  the sessions of ada, with browsers and times
  hallpass user end-sessions ada              ada is signed out everywhere, at once
  hallpass user end-sessions ada SESSION      only there; `user sessions` shows the ids
  hallpass user end-sessions --all            everybody is; asks whether to

Whoever was signed out may sign in again. To keep somebody out, use `hallpass user disable`.";

/// `hallpass user sessions`
#[derive(Args, Debug)]
pub struct ListSessions {
    /// The user
    #[arg(value_name = "NAME")]
    username: String,
    /// Write a JSON object in a line for each: id, `created_at`, `last_used_at`, `user_agent`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// `hallpass user end-sessions`
#[derive(Args, Debug)]
pub struct EndSessions {
    /// The user
    #[arg(value_name = "NAME", required_unless_present = "all")]
    username: Option<String>,
    /// The id of the one session to end; without it, all of the user's end
    #[arg(value_name = "SESSION", value_parser = session_id)]
    session: Option<SessionId>,
    /// End the sessions of all users, and withdraw all reset links
    #[arg(long, conflicts_with = "username")]
    all: bool,
    /// With --all, do not ask whether to
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

fn session_id(text: &str) -> Result<SessionId, String> {
    SessionId::parse(text)
        .ok_or_else(|| "give an id that `hallpass user sessions` shows".to_owned())
}

impl ListSessions {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let mut executor = self.place.executor(Offline::default()).await?;
        let command = Command::Incident(Incident::Sessions { username: self.username });
        let Reply::Sessions { sessions } = executor.ask(command).await? else {
            bail!(unexpected())
        };
        let mut stdout = Stdout::lock();
        if !self.json {
            stdout.line(row("ID", "BEGAN", "LAST USED", "BROWSER"))?;
        }
        for session in sessions {
            match self.json {
                true => stdout.line(serde_json::to_string(&session)?)?,
                false => stdout.line(shown(&session))?,
            }
        }
        stdout.flush()
    }
}

impl EndSessions {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let Self { username, session, yes, place, .. } = self;
        let Some(username) = username else {
            if !yes && !confirmed("Sign everybody out, admins too?")? {
                bail!("nobody was signed out");
            }
            let ended = ended(&place, Command::Incident(Incident::EndAllSessions)).await?;
            return say(format_args!("ended all {ended} sessions; everybody may sign in again"));
        };
        let name = printable(&username);
        let command = Command::Incident(Incident::EndSessions { username, session });
        match ended(&place, command).await? {
            1 => say(format_args!("ended 1 session of {name}")),
            ended => say(format_args!("ended {ended} sessions of {name}")),
        }
    }
}

async fn ended(place: &Place, command: Command) -> anyhow::Result<usize> {
    let mut executor = place.executor(Offline::default()).await?;
    let Reply::Ended { sessions } = executor.ask(command).await? else { bail!(unexpected()) };
    Ok(sessions)
}

fn row(id: &str, began: &str, used: &str, browser: &str) -> String {
    format!("{id:<36}  {began:<20}  {used:<20}  {browser}").trim_end().to_owned()
}

fn shown(session: &Session) -> String {
    let (began, used) = (to_the_second(&session.created_at), to_the_second(&session.last_used_at));
    row(&session.id, &began, &used, &printable(&session.user_agent))
}
