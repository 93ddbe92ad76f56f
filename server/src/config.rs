//! The command line and the environment.

use std::fmt;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing::level_filters::LevelFilter;

/// Fewer PBKDF2 iterations than this get a warning (OWASP's figure for HMAC-SHA256).
pub const RECOMMENDED_ITERATIONS: u32 = 600_000;

/// A login service that you can measure
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Config,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server; this is also what plain `hallpass` does
    Serve(Config),
}

impl Cli {
    /// What to serve.
    pub fn into_config(self) -> Config {
        match self.command {
            Some(Command::Serve(config)) => config,
            None => self.serve,
        }
    }
}

/// Who may register.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Registration {
    /// Everyone
    Open,
    /// Nobody
    Closed,
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Closed => "closed",
        })
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LogFormat {
    /// One line of text each
    Text,
    /// One JSON object each
    Json,
}

/// The settings of `hallpass serve`.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", env = "HALLPASS_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,

    /// Directory for the database and the signing key; made if it is not there
    #[arg(long, value_name = "DIR", env = "HALLPASS_DATA_DIR", default_value = "./hallpass-data")]
    pub data_dir: PathBuf,

    /// The tokens' `iss` claim
    #[arg(
        long,
        value_name = "URL",
        env = "HALLPASS_ISSUER",
        default_value = "http://127.0.0.1:8080",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub issuer: String,

    /// The tokens' `aud` claim
    #[arg(
        long,
        value_name = "NAME",
        env = "HALLPASS_AUDIENCE",
        default_value = "hallpass",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub audience: String,

    /// How long an access token lives: 1s to 24h, in whole seconds
    #[arg(
        long,
        value_name = "DURATION",
        env = "HALLPASS_ACCESS_TTL",
        default_value = "15m",
        value_parser = access_ttl
    )]
    pub access_ttl: Duration,

    /// By how much other clocks may be off when a token's `exp` and `nbf` are checked: 0s to 60s, in
    /// whole seconds
    #[arg(
        long,
        value_name = "DURATION",
        env = "HALLPASS_LEEWAY",
        default_value = "0s",
        value_parser = leeway
    )]
    pub leeway: Duration,

    /// Who may register
    #[arg(
        long,
        value_name = "WHO",
        env = "HALLPASS_REGISTRATION",
        value_enum,
        default_value = "open"
    )]
    pub registration: Registration,

    /// PBKDF2-HMAC-SHA256 iterations of new password hashes: 1 to 100000000
    #[arg(
        long,
        value_name = "N",
        env = "HALLPASS_PBKDF2_ITERATIONS",
        default_value_t = NonZeroU32::new(RECOMMENDED_ITERATIONS).expect("not zero"),
        value_parser = iterations
    )]
    pub pbkdf2_iterations: NonZeroU32,

    /// The fewest characters of a new password: 8 to 256 (NIST SP 800-63B-4 asks for 15)
    #[arg(
        long,
        value_name = "N",
        env = "HALLPASS_PASSWORD_MIN",
        default_value_t = 15,
        value_parser = clap::value_parser!(u16).range(8..=256)
    )]
    pub password_min: u16,

    /// The most connections at once; more wait to be accepted
    #[arg(
        long,
        value_name = "N",
        env = "HALLPASS_MAX_CONNECTIONS",
        default_value_t = 4096,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub max_connections: u32,

    /// How long requests may take to finish after SIGTERM or SIGINT
    #[arg(
        long,
        value_name = "DURATION",
        env = "HALLPASS_DRAIN_TIMEOUT",
        default_value = "10s",
        value_parser = humantime::parse_duration
    )]
    pub drain_timeout: Duration,

    /// How log lines look
    #[arg(
        long,
        value_name = "FORMAT",
        env = "HALLPASS_LOG_FORMAT",
        value_enum,
        default_value = "text"
    )]
    pub log_format: LogFormat,

    /// What is logged: off, error, warn, info, debug or trace; from debug on, each request
    #[arg(long, value_name = "LEVEL", env = "HALLPASS_LOG_LEVEL", default_value = "info")]
    pub log_level: LevelFilter,
}

fn access_ttl(text: &str) -> Result<Duration, String> {
    whole_seconds(text, 1..=24 * 60 * 60)
        .ok_or("give 1s to 24h in whole seconds, such as 15m".into())
}

fn iterations(text: &str) -> Result<NonZeroU32, String> {
    /// Seconds for each hash: certainly a slip of the finger.
    const TOO_MANY: u32 = 100_000_000;
    let iterations = text.parse().ok().filter(|n: &NonZeroU32| n.get() <= TOO_MANY);
    iterations.ok_or_else(|| format!("give 1 to {TOO_MANY}"))
}

fn leeway(text: &str) -> Result<Duration, String> {
    whole_seconds(text, 0..=60).ok_or("give 0s to 60s in whole seconds, such as 5s".into())
}

fn whole_seconds(text: &str, allowed: RangeInclusive<u64>) -> Option<Duration> {
    let duration = humantime::parse_duration(text).ok()?;
    (allowed.contains(&duration.as_secs()) && duration == Duration::from_secs(duration.as_secs()))
        .then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Config, String> {
        Cli::try_parse_from([&["hallpass"], args].concat())
            .map(Cli::into_config)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn plain_hallpass_is_hallpass_serve() {
        let plain = parse(&["--listen", "127.0.0.1:0"]).unwrap();
        let serve = parse(&["serve", "--listen", "127.0.0.1:0"]).unwrap();
        assert_eq!(format!("{plain:?}"), format!("{serve:?}"));
        assert_eq!(plain.access_ttl, Duration::from_secs(900));
        assert_eq!(plain.pbkdf2_iterations.get(), 600_000);
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        for args in [
            ["--access-ttl", "0s"],
            ["--access-ttl", "25h"],
            ["--access-ttl", "1500ms"],
            ["--access-ttl", "24h 1s"],
            ["--access-ttl", "soon"],
            ["--leeway", "61s"],
            ["--pbkdf2-iterations", "0"],
            ["--pbkdf2-iterations", "4294967295"],
            ["--password-min", "7"],
            ["--registration", "maybe"],
            ["--issuer", ""],
            ["--max-connections", "0"],
        ] {
            assert!(parse(&args).is_err(), "{args:?}");
        }
    }
}
