mod pasted;

use std::io::{self, Read as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;

use self::pasted::token_in;
use super::executor::{Offline, Place, unexpected};
use super::terminal::{Stdout, printable};
use crate::clock::Clock;
use crate::config::{SecretArgs, TokenArgs};
use crate::control::{Command, Reply};
use crate::public_url::PublicUrl;
use crate::token::{Check, CheckOutcome, Inspection, MAX_TOKEN_BYTES};

pub(super) const EXAMPLES: &str = "\
Examples:
  hallpass token inspect < token.txt
  hallpass token inspect eyJhbGciOiJFZERTQSIs...      others on the machine can see it in `ps`
  hallpass token inspect < header.txt                 'Authorization: Bearer eyJ...', as copied
  hallpass token inspect --json < token.txt | jq .claims

Decodes the token, runs every check that the API runs, past the first that fails, and says how each
came out; also whether the session was ended and the user is still there. Exits with 0 if the API
accepts the token now, and 1 if it refuses it. A running server goes by its own --issuer, --audience
and --leeway.";

/// What can be done with access tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Decode and check an access token, and explain what is wrong with it
    #[command(after_help = EXAMPLES)]
    Inspect(Inspect),
}

/// `hallpass token inspect`
#[derive(Args, Debug)]
pub struct Inspect {
    /// The token; from standard input if it is left out or `-`. `Bearer`, quotation marks and white
    /// space around it and line breaks within it do no harm
    #[arg(value_name = "TOKEN")]
    token: Vec<String>,
    /// Write the findings as one JSON object: accepted, header, claims, checks
    #[arg(long)]
    json: bool,
    /// The server's public URL, from which the issuer follows
    #[arg(long, value_name = "URL", value_parser = PublicUrl::parse)]
    public_url: Option<PublicUrl>,
    #[command(flatten)]
    tokens: TokenArgs,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    place: Place,
}

impl TokenCommand {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Inspect(inspect) = self;
        inspect.run().await
    }
}

impl Inspect {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let token = match &self.token[..] {
            [] => read_token()?,
            [dash] if dash == "-" => read_token()?,
            words => words.join(" "),
        };
        let token = token_in(&token).into();
        let issuer = self.tokens.issuer(self.public_url.as_ref());
        let offline = Offline {
            needs_keys: true,
            tokens: Some(TokenArgs { issuer: Some(issuer), ..self.tokens }),
            secret: Some(self.secret),
            ..Offline::default()
        };
        let mut executor = self.place.executor(offline).await?;
        let Reply::Token { inspection } = executor.ask(Command::InspectToken { token }).await?
        else {
            bail!(unexpected())
        };
        let mut stdout = Stdout::lock();
        if self.json {
            stdout.line(serde_json::to_string(&inspection)?)?;
        } else {
            stdout.bytes(report(&inspection, Clock::system().now()).as_bytes())?;
        }
        stdout.flush()?;
        Ok(if inspection.accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn read_token() -> anyhow::Result<String> {
    let mut token = String::new();
    // A cut-off token of this length is still too long.
    let mut input = io::stdin().lock().take(2 * MAX_TOKEN_BYTES as u64);
    input.read_to_string(&mut token).context("can't read the token from standard input")?;
    Ok(token)
}

fn report(inspection: &Inspection, now: Timestamp) -> String {
    let mut lines = Vec::new();
    for (title, part) in [("header", &inspection.header), ("claims", &inspection.claims)] {
        let Some(part) = part else { continue };
        lines.push(title.to_owned());
        // Line breaks within its strings are escaped already.
        lines.extend(format!("{part:#}").lines().map(|line| format!("  {}", printable(line))));
    }
    let times: Vec<String> = ["iat", "auth_time", "nbf", "exp"]
        .into_iter()
        .filter_map(|name| time(name, inspection.claims.as_ref()?.get(name)?, now))
        .collect();
    if !times.is_empty() {
        lines.push("times".to_owned());
        lines.extend(times);
    }
    lines.push("checks".to_owned());
    lines.extend(inspection.checks.iter().map(check));
    lines.push(if inspection.accepted { "accepted" } else { "refused" }.to_owned());
    lines.join("\n") + "\n"
}

fn check(check: &Check) -> String {
    let mark = match check.outcome {
        CheckOutcome::Passed => "✓",
        CheckOutcome::Failed => "✗",
        CheckOutcome::Skipped => "–",
    };
    format!("  {mark} {:<9}  {}", printable(&check.name), printable(&check.detail))
}

fn time(name: &str, seconds: &Value, now: Timestamp) -> Option<String> {
    let at = Timestamp::from_second(seconds.as_i64()?).ok()?;
    Some(format!("  {name:<9}  {at}, {}", distance(at, now)))
}

/// How far away a time is, in its two largest units.
fn distance(at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (at.as_second(), now.as_second());
    let seconds = std::time::Duration::from_secs(at.abs_diff(now));
    let words = humantime::format_duration(seconds).to_string();
    let words = words.split(' ').take(2).collect::<Vec<_>>().join(" ");
    match at.cmp(&now) {
        std::cmp::Ordering::Less => format!("{words} ago"),
        std::cmp::Ordering::Equal => "now".to_owned(),
        std::cmp::Ordering::Greater => format!("in {words}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_is_safe_to_show_whatever_the_token_says() {
        let inspection = Inspection {
            accepted: false,
            header: Some(json!({"kid": "\u{1b}[2J\u{9b}"})),
            claims: Some(json!({"exp": 90, "iat": 0, "nbf": "x", "user\u{202e}": "a\nb"})),
            checks: vec![Check {
                name: "exp".to_owned(),
                outcome: CheckOutcome::Failed,
                detail: "over\u{7f}".to_owned(),
            }],
        };
        let report = report(&inspection, Timestamp::from_second(200).unwrap());
        let is_safe = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
        assert!(report.chars().all(is_safe), "{report:?}");
        for line in ["  exp        1970-01-01T00:01:30Z, 1m 50s ago", "  ✗ exp        over\\u007f"]
        {
            assert!(report.contains(line), "{report}");
        }
        assert!(report.ends_with("\nrefused\n"), "{report}");
    }

    #[test]
    fn distances_are_as_long_as_they_need_to_be() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(distance(at(5), at(5)), "now");
        assert_eq!(distance(at(900), at(0)), "in 15m");
        assert_eq!(distance(at(0), at(93_784)), "1day 2h ago");
        assert_eq!(distance(Timestamp::MAX, at(0)).split(' ').count(), 3);
    }
}
