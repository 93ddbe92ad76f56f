//! The command line and its environment equivalents, checked as far as they can be before anything
//! is started.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::mix::Mix;
use super::share::Share;
use crate::accounts::AccountArgs;
use crate::parse::parse_duration;
use crate::report::OutputArgs;
use crate::sut::TargetArgs;

/// Closed loop: each user sends its next request when the last is answered.
///
/// Registers accounts, signs in those that need it, and checks every answer. It ends with a
/// summary, reports and a verdict.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    #[command(flatten)]
    pub(crate) accounts: AccountArgs,

    /// Concurrent users, each with accounts of its own; those of second-factor share theirs
    #[arg(short, long, value_name = "N", default_value = "10", value_parser = parse_users)]
    pub(crate) users: usize,

    /// How long all users run, in whole seconds
    #[arg(
        short = 't', long, value_name = "TIME", default_value = "30s",
        value_parser = parse_run_time
    )]
    pub(crate) run_time: Duration,

    /// What the users do, each scenario with its share of the users; repeatable
    ///
    /// Scenarios are verify, login, login-then-verify, refresh, register, mixed, second-factor,
    /// which signs in with a one-time code, and negative, which sends what must be refused.
    /// `--scenario verify` runs one alone; `--scenario verify=3,login=1` gives three of four users
    /// to verify. The default share is 9 for verify and 1 for others.
    #[arg(
        long, value_name = "NAME[=SHARE]", value_delimiter = ',', default_value = "verify,login",
        value_parser = Share::from_str
    )]
    pub(crate) scenario: Vec<Share>,

    /// The calls of the mixed scenario in their ratio: verify, login, refresh, register
    #[arg(
        long, value_name = "CALL=SHARE,...", default_value = "verify=9,login=1",
        value_parser = Mix::from_str
    )]
    pub(crate) mix: Mix,

    /// How often login-then-verify uses each token
    #[arg(
        long, value_name = "N", default_value = "10",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) verifies_per_login: u32,

    /// How long the negative scenario waits for a token to expire; else it skips that case
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    pub(crate) expiry_wait: Duration,

    /// How long a user pauses after each request: `200ms`, or `100ms..500ms` for a random pause
    #[arg(long, value_name = "MIN..MAX", default_value = "0s", value_parser = Wait::from_str)]
    pub(crate) wait: Wait,

    /// With more of the machine's processor time taken by other processes, and less than a core
    /// idle, a missed --threshold of Goose's is invalid
    #[arg(
        long, value_name = "PERCENT", default_value = "10%",
        value_parser = crate::parse::parse_share
    )]
    pub(crate) max_others: f64,

    /// Write Goose's own report too: FILE ends in .html, .md or .json; repeatable
    #[arg(long, value_name = "FILE", value_parser = parse_report)]
    pub(crate) report: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) output: OutputArgs,

    /// Options of Goose itself, after `--`, such as `-- --threshold "p99<5ms"`
    #[arg(last = true, value_name = "GOOSE OPTIONS")]
    pub(crate) goose: Vec<String>,
}

const EXAMPLES: &str = "\
examples:
  hallpass-loadtest goose                             start a server, 9 users verify, 1 signs in
  hallpass-loadtest goose --scenario verify -u 64     verification alone
  hallpass-loadtest goose --scenario negative         what has to be refused
  hallpass-loadtest goose --scenario second-factor    logins with a password and a one-time code
  hallpass-loadtest goose --host http://127.0.0.1:5000 --target flask-tutorial
  hallpass-loadtest goose --host https://auth.example.test";

/// The shortest and the longest pause of a user after a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wait {
    pub(crate) min: Duration,
    pub(crate) max: Duration,
}

impl FromStr for Wait {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (min, max) = text.split_once("..").unwrap_or((text, text));
        let (min, max) = (parse_duration(min)?, parse_duration(max)?);
        if min > max {
            return Err("the shorter pause goes first, as in 100ms..500ms".to_owned());
        }
        Ok(Self { min, max })
    }
}

fn parse_run_time(text: &str) -> Result<Duration, String> {
    let run_time = parse_duration(text)?;
    if run_time.is_zero() || run_time.subsec_nanos() != 0 {
        return Err("give whole seconds, at least 1s".to_owned());
    }
    Ok(run_time)
}

fn parse_users(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(users @ 1..=100_000) => Ok(users),
        _ => Err("give a number from 1 to 100000".to_owned()),
    }
}

fn parse_report(text: &str) -> Result<PathBuf, String> {
    let file = PathBuf::from(text);
    match file.extension().and_then(OsStr::to_str) {
        Some("html" | "htm" | "md" | "json") => Ok(file),
        _ => Err("a report's name ends in .html, .md or .json".to_owned()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use clap::Parser;

    use super::*;
    use crate::goose::kind::ScenarioKind;

    #[derive(Parser)]
    #[command(args_override_self = true)]
    struct CommandLine {
        #[command(flatten)]
        args: Args,
    }

    pub(in crate::goose) fn parse(args: &[&str]) -> Result<Args, clap::Error> {
        let line = std::iter::once("goose").chain(args.iter().copied());
        CommandLine::try_parse_from(line).map(|line| line.args)
    }

    #[test]
    fn without_arguments_both_scenarios_run_and_one_report_is_written() {
        let args = parse(&[]).unwrap();
        let kinds: Vec<ScenarioKind> = args.scenario.iter().map(|share| share.kind).collect();
        assert_eq!(kinds, [ScenarioKind::Verify, ScenarioKind::Login]);
        assert_eq!(args.output.html, PathBuf::from("hallpass-load.html"));
        assert!(args.report.is_empty());
        assert!(args.target.host.is_empty());
    }

    #[test]
    fn a_pause_is_one_duration_or_a_range() {
        let ms = Duration::from_millis;
        assert_eq!("200ms".parse(), Ok(Wait { min: ms(200), max: ms(200) }));
        assert_eq!("100ms..1s".parse(), Ok(Wait { min: ms(100), max: ms(1000) }));
        assert!("1s..100ms".parse::<Wait>().is_err());
        assert!("soon".parse::<Wait>().is_err());
    }

    #[test]
    fn a_run_time_is_whole_seconds_and_not_zero() {
        assert_eq!(parse_run_time("1m 30s"), Ok(Duration::from_secs(90)));
        assert!(parse_run_time("0s").is_err());
        assert!(parse_run_time("1500ms").is_err());
    }

    #[test]
    fn the_last_of_two_settings_counts_so_that_a_script_can_have_defaults() {
        assert_eq!(parse(&["-u", "2", "--users", "3"]).unwrap().users, 3);
    }

    #[test]
    fn what_follows_two_hyphens_is_for_goose() {
        let args = parse(&["-u", "2", "--", "--throttle-requests", "100"]).unwrap();
        assert_eq!(args.goose, ["--throttle-requests", "100"]);
    }
}
