//! `hallpass audit`: what happened that matters to security.

use std::time::Duration;

use anyhow::bail;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueEnum};
use hallpass_contract::{AuditRecord, AuditedUser};
use jiff::Timestamp;

use super::executor::{Offline, Place, unexpected};
use super::list::PAGE;
use super::terminal::{Stdout, printable, to_the_second};
use crate::audit::Event;
use crate::clock::Clock;
use crate::control::{Command, Incident, Reply};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass audit --since 24h
  hallpass audit --user ada
  hallpass audit --event login --since 2026-11-28T22:00:00Z
  hallpass audit --event login --result refused
  hallpass audit --result refused --json | jq -r .address | sort | uniq -c

The latest comes first. Each line is one event. Of refreshes and of attempts that were throttled, one
line says how many there were within a minute. The server keeps them for --audit-keep and up to --audit-max-size.
Of users who are gone there are ids alone.";

/// `hallpass audit`
#[derive(Args, Debug)]
pub struct AuditArgs {
    /// Only what concerns this user, or what they did as an admin: a name, or the id of a user who
    /// may be gone
    #[arg(long, value_name = "NAME|ID")]
    user: Option<String>,
    /// Only from this time on: such as 24h ago, or 2026-11-28T22:43:11Z
    #[arg(long, value_name = "DURATION|TIME", value_parser = Since::parse)]
    since: Option<Since>,
    /// Only these events
    #[arg(long, value_name = "EVENT", value_parser = events())]
    event: Option<String>,
    /// Only what ended so
    #[arg(long, value_name = "RESULT", value_enum)]
    result: Option<Outcome>,
    /// Write a JSON object in a line for each: at, event, result, reason, user, by, session,
    /// address, `user_agent`, detail, times
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// All events, with what each means.
fn events() -> PossibleValuesParser {
    let value = |(name, meaning): (&&'static str, &&'static str)| {
        PossibleValue::new(*name).help(meaning.trim().trim_end_matches('.'))
    };
    PossibleValuesParser::new(Event::NAMES.iter().zip(Event::MEANINGS).map(value))
}

/// How something ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Outcome {
    /// It was done
    Ok,
    /// It was not
    Refused,
}

impl Outcome {
    fn is_of(self, record: &AuditRecord) -> bool {
        (record.result == "refused") == (self == Self::Refused)
    }
}

#[derive(Clone, Copy, Debug)]
enum Since {
    Ago(Duration),
    At(Timestamp),
}

impl Since {
    fn parse(text: &str) -> Result<Self, String> {
        let ago = humantime::parse_duration(text).map(Self::Ago);
        ago.or_else(|_| text.parse().map(Self::At)).map_err(|_| {
            "give a duration such as 24h, or a time such as 2026-11-28T22:43:11Z".into()
        })
    }

    fn time(self) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => Clock::system().now().checked_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}

impl AuditArgs {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let mut executor = self.place.executor(Offline::default()).await?;
        let since = self.since.map(Since::time);
        let (mut stdout, mut before) = (Stdout::lock(), None);
        loop {
            let (user, event) = (self.user.clone(), self.event.clone());
            let audit = Incident::Audit { user, event, since, before, limit: PAGE };
            let Reply::Audit { records, next } = executor.ask(Command::Incident(audit)).await?
            else {
                bail!(unexpected())
            };
            if before.is_none() && !self.json {
                stdout.line(row(["TIME", "RESULT", "EVENT", "USER", "ADDRESS", "DETAIL"]))?;
            }
            let wanted = |record: &&AuditRecord| self.result.is_none_or(|how| how.is_of(record));
            for record in records.iter().filter(wanted) {
                match self.json {
                    true => stdout.line(serde_json::to_string(record)?)?,
                    false => stdout.line(shown(record))?,
                }
            }
            if next.is_none() {
                return stdout.flush();
            }
            before = next;
        }
    }
}

fn row([time, result, event, user, address, detail]: [&str; 6]) -> String {
    format!("{time:<20}  {result:<7}  {event:<19}  {user:<20}  {address:<20}  {detail}")
        .trim_end()
        .to_owned()
}

fn shown(record: &AuditRecord) -> String {
    let time = to_the_second(&record.at);
    let user = record.user.as_ref().or(record.by.as_ref()).map(name).unwrap_or_default();
    let by = record.by.as_ref().filter(|_| record.user.is_some());
    let details = [
        record.reason.clone(),
        record.detail.as_deref().map(printable),
        by.map(|by| format!("by {}", name(by))),
        (record.times > 1).then(|| format!("{} times", record.times)),
        record.user_agent.as_deref().map(printable),
    ];
    let details = details.into_iter().flatten().collect::<Vec<_>>().join("; ");
    let address = record.address.as_deref().unwrap_or("-");
    row([&time, &record.result, &record.event, &user, address, &details])
}

fn name(user: &AuditedUser) -> String {
    printable(user.username.as_deref().unwrap_or(&user.id))
}
