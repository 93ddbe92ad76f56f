//! The command line and the environment.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches as _, ValueEnum};
use ipnet::IpNet;
use tracing::level_filters::LevelFilter;

use crate::proxies::parse_network;

mod algorithm;
mod connections;
mod interceptor;
mod keys;
mod list;
mod names;
mod shared;
mod values;

pub use connections::ConnectionArgs;
pub use interceptor::{InterceptorArgs, PathPattern};
pub use keys::{KeyArgs, SECRET_VARIABLE, SecretArgs, secret_from_environment};
pub use list::{List, list};
pub use names::NameArgs;
pub use shared::{DatabaseArgs, PasswordArgs, TokenArgs};
pub use values::origin;
use values::{access_ttl, address, session_lifetime};

/// The data directory, unless another one is named.
pub const DEFAULT_DATA_DIR: &str = "./hallpass-data";

/// Fewer PBKDF2 iterations than this get a warning (OWASP's figure for HMAC-SHA256).
pub const RECOMMENDED_ITERATIONS: u32 = 600_000;

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

/// Whether something is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Switch {
    /// It is
    On,
    /// It is not
    Off,
}

impl Switch {
    /// Whether it is [`On`](Self::On).
    pub fn is_on(self) -> bool {
        self == Self::On
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
    #[arg(
        long,
        value_name = "ADDR",
        env = "HALLPASS_LISTEN",
        default_value = "127.0.0.1:8080",
        value_parser = address
    )]
    pub listen: String,

    /// Address and port of a second listener, for `GET /metrics` alone; without it, nobody can ask
    /// for them. They name no user, but tell what goes on: keep it from the public
    #[arg(long, value_name = "ADDR", env = "HALLPASS_METRICS_LISTEN", value_parser = address)]
    pub metrics_listen: Option<String>,

    /// Directory for the database and the keys; made if it is not there
    #[arg(long, value_name = "DIR", env = "HALLPASS_DATA_DIR", default_value = DEFAULT_DATA_DIR)]
    pub data_dir: PathBuf,

    /// Where users and sessions are kept.
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// Whether a crash may leave a core dump, and debuggers of the same user may look in: it holds
    /// keys and passwords
    #[arg(
        long,
        value_name = "ON|OFF",
        env = "HALLPASS_CORE_DUMPS",
        value_enum,
        hide_possible_values = true,
        default_value = "off"
    )]
    pub core_dumps: Switch,

    /// Begin anew where the data directory has lost its database or its keys: what is left is moved
    /// aside, and all users are gone. Fails where nothing is missing
    #[arg(long)]
    pub new: bool,

    /// The origin under which browsers see the server, such as `https://login.example`. Reset links
    /// begin with it; without it there are none unless the server listens on loopback only. Pages
    /// are then taken for the server's own by http:// and the Host header
    #[arg(long, value_name = "URL", env = "HALLPASS_PUBLIC_URL", value_parser = origin)]
    pub public_url: Option<String>,

    /// Where the frontend sends the access token.
    #[command(flatten)]
    pub interceptor: InterceptorArgs,

    /// What tokens say of their origin.
    #[command(flatten)]
    pub tokens: TokenArgs,

    /// How tokens are signed.
    #[command(flatten)]
    pub keys: KeyArgs,

    /// How long an access token lives: 1s to 24h, in whole seconds
    #[arg(
        long,
        value_name = "DURATION",
        env = "HALLPASS_ACCESS_TTL",
        default_value = "15m",
        value_parser = access_ttl
    )]
    pub access_ttl: Duration,

    /// How long a session lasts from one refresh to the next: 1m to 10y, in whole seconds
    #[arg(
        long,
        value_name = "DURATION",
        env = "HALLPASS_REFRESH_TTL",
        default_value = "30d",
        value_parser = session_lifetime
    )]
    pub refresh_ttl: Duration,

    /// How long a session lasts from the login on, however often it is refreshed: 1m to 10y, in
    /// whole seconds
    #[arg(
        long,
        value_name = "DURATION",
        env = "HALLPASS_SESSION_MAX",
        default_value = "90d",
        value_parser = session_lifetime
    )]
    pub session_max: Duration,

    /// How long after the password was given dangerous actions need no new one, such as changing
    /// it: 1s to 24h, in whole seconds
    #[arg(
        long,
        value_name = "DURATION",
        env = "HALLPASS_FRESH_FOR",
        default_value = "5m",
        value_parser = access_ttl
    )]
    pub fresh_for: Duration,

    /// Who may register
    #[arg(
        long,
        value_name = "WHO",
        env = "HALLPASS_REGISTRATION",
        value_enum,
        default_value = "open"
    )]
    pub registration: Registration,

    /// Which names nobody may register.
    #[command(flatten)]
    pub names: NameArgs,

    /// What new passwords must be, and how they are hashed.
    #[command(flatten)]
    pub passwords: PasswordArgs,

    /// Whether logins, registrations and other uses of a password are limited by address and by
    /// account; off is for load tests
    #[arg(
        long,
        value_name = "on|off",
        env = "HALLPASS_LOGIN_THROTTLE",
        hide_possible_values = true,
        default_value = "on"
    )]
    pub login_throttle: Switch,

    /// Reverse proxies whose X-Forwarded-For counts: networks or addresses, one each time, or with
    /// commas, spaces or line ends between; without it, everybody behind a proxy is limited as one
    /// client
    #[arg(
        long,
        value_name = "CIDR",
        env = "HALLPASS_TRUSTED_PROXY",
        value_parser = |text: &str| list(text, parse_network)
    )]
    pub trusted_proxy: Vec<List<IpNet>>,

    /// How many connections there may be, and how they end.
    #[command(flatten)]
    pub connections: ConnectionArgs,

    /// Whether logins and all else that matters to security are logged, one line each, whatever
    /// --log-level says
    #[arg(
        long,
        value_name = "ON|OFF",
        env = "HALLPASS_AUDIT_LOG",
        value_enum,
        hide_possible_values = true,
        default_value = "on"
    )]
    pub audit_log: Switch,

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

impl Config {
    /// The tokens' `iss` claim.
    pub fn issuer(&self) -> String {
        self.tokens.issuer(self.public_url.as_deref())
    }

    /// Whether people reach the server by https.
    pub fn over_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.starts_with("https:"))
    }

    /// The networks of proxies whose `X-Forwarded-For` counts.
    pub fn trusted_proxies(&self) -> Vec<IpNet> {
        List::flat(&self.trusted_proxy).copied().collect()
    }

    /// The settings that `args` of `hallpass serve` say, whatever the environment says.
    ///
    /// # Errors
    ///
    /// What is wrong with the arguments.
    pub fn without_environment(args: &[&str]) -> Result<Self, clap::Error> {
        let command = Self::augment_args(Command::new("hallpass").no_binary_name(true));
        let command = command.mut_args(|arg| arg.env(None::<&str>));
        Self::from_arg_matches(&command.try_get_matches_from(args)?)
    }
}

#[cfg(test)]
mod tests;
