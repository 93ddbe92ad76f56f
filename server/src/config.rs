//! The command line and the environment.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches as _, ValueEnum};
use ipnet::IpNet;
use tracing::level_filters::LevelFilter;
use url::Url;

use crate::proxies::parse_network;
use crate::public_url::PublicUrl;
use crate::store::DatabaseUrl;

mod algorithm;
mod audit;
mod backups;
mod connections;
mod file;
mod guard;
mod interceptor;
mod keys;
mod list;
mod listen;
mod master_key;
mod names;
mod second_factor;
mod shared;
mod throttle;
mod tls;
mod values;
mod variables;

pub use audit::AuditArgs;
pub use backups::BackupArgs;
pub use connections::ConnectionArgs;
pub use file::{CONFIG_FLAG, ConfigFile, is_list, is_number};
pub use guard::GuardArgs;
pub use interceptor::{InterceptorArgs, PathPattern};
pub use keys::{KeyArgs, SECRET_VARIABLE, SecretArgs, secret_from_environment};
pub use list::{List, list};
pub use listen::ListenOn;
use listen::listen_on;
pub use names::NameArgs;
pub use second_factor::RequireSecondFactor;
pub use shared::{DatabaseArgs, MasterKeyArgs, PasswordArgs, TokenArgs};
pub use throttle::ThrottleArgs;
pub use tls::{AcmeSettings, CertificateFiles, CertificateSource, TlsArgs};
use values::{access_ttl, address, lease, session_lifetime};
pub use variables::{OF_ONE_RUN, with_variables};

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

/// On or off.
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

/// The format of log lines.
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
    /// Address and port to listen on; port 0 takes a free one. Or a socket for a proxy on this
    /// machine, such as unix:/run/hallpass/http.sock?mode=0660; who may write to it is a trusted
    /// proxy. Repeat the option, or separate values by commas or spaces. Sockets that systemd
    /// passes on count instead
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8080",
        value_parser = listen_on
    )]
    pub listen: Vec<List<ListenOn>>,

    /// The certificate, if the server itself speaks https.
    #[command(flatten)]
    pub tls: TlsArgs,

    /// Address and port of a second listener for `GET /metrics` alone; without it, nobody can read
    /// the metrics. They name no user, but they tell how the server is used: keep them from the
    /// public
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub metrics_listen: Option<String>,

    /// Directory for the database and the keys; made if it is not there
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA_DIR)]
    pub data_dir: PathBuf,

    /// Where users and sessions are kept.
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// Backups that the server makes by itself.
    #[command(flatten)]
    pub backups: BackupArgs,

    /// The same database without a pooler in between, if --database-url leads to one, such as
    /// pgbouncer in transaction mode. A pooler does not pass on what wakes a server when another
    /// one signs somebody out
    #[arg(
        long,
        value_name = "URL",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, String>(DatabaseUrl::from(text))
    )]
    pub database_direct_url: Option<DatabaseUrl>,

    /// How long this server goes on verifying tokens while it does not hear from the PostgreSQL
    /// database: 2s to 10m. Choose more than a fail-over of the database takes. While a server is
    /// silent, sign-outs on the others take as long
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "30s",
        value_parser = lease
    )]
    pub lease: Duration,

    /// Whether a crash may leave a core dump, and whether debuggers of the same user may look into
    /// the process. Both reveal keys and passwords
    #[arg(
        long,
        value_name = "ON|OFF",
        value_enum,
        hide_possible_values = true,
        default_value = "off"
    )]
    pub core_dumps: Switch,

    /// Begin anew in a data directory that has lost its database or its keys. What is left is moved
    /// aside, and all users are gone. Fails if nothing is missing
    #[arg(long)]
    pub new: bool,

    /// The address under which browsers reach the server, such as `https://login.example`. With a
    /// path, such as `https://example.org/auth`, everything is below that path, and the proxy in
    /// front passes it on. Reset links begin with this address. Without it, there are reset links
    /// only if the server listens on loopback only. Without it, the server knows its own pages by
    /// the Host header, behind https:// with --tls-cert and http:// without
    #[arg(long, value_name = "URL", value_parser = PublicUrl::parse)]
    pub public_url: Option<PublicUrl>,

    /// Where the frontend sends the access token.
    #[command(flatten)]
    pub interceptor: InterceptorArgs,

    /// The sites whose pages the server guards.
    #[command(flatten)]
    pub guard: GuardArgs,

    /// Issuer, audience and leeway of tokens.
    #[command(flatten)]
    pub tokens: TokenArgs,

    /// How tokens are signed.
    #[command(flatten)]
    pub keys: KeyArgs,

    /// How long an access token lives: 1s to 24h, in whole seconds
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = access_ttl)]
    pub access_ttl: Duration,

    /// How long a session lasts from one refresh to the next: 1m to 10y, in whole seconds
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = session_lifetime)]
    pub refresh_ttl: Duration,

    /// How long a session lasts from the login on, however often it is refreshed: 1m to 10y, in
    /// whole seconds
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = session_lifetime)]
    pub session_max: Duration,

    /// How long a password counts as fresh: 1s to 24h, in whole seconds. After that, dangerous
    /// actions such as a password change ask for it again
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = access_ttl)]
    pub fresh_for: Duration,

    /// Who may register
    #[arg(long, value_name = "WHO", value_enum, default_value = "open")]
    pub registration: Registration,

    /// Who must have a second factor: a passkey or an authenticator app. Whoever has none yet sets
    /// one up at the next login, before anything else. Give it to all servers that share a database
    #[arg(long, value_name = "WHO", value_enum, default_value = "off")]
    pub require_second_factor: RequireSecondFactor,

    /// The names that nobody may register.
    #[command(flatten)]
    pub names: NameArgs,

    /// Which passwords are accepted, and how they are hashed.
    #[command(flatten)]
    pub passwords: PasswordArgs,

    /// How often somebody may try.
    #[command(flatten)]
    pub throttle: ThrottleArgs,

    /// Reverse proxies whose X-Forwarded-For counts, as networks or addresses. Repeat the option,
    /// or separate them by commas, spaces or line ends. Without it, all clients behind a proxy are
    /// limited as one
    #[arg(long, value_name = "CIDR", value_parser = |text: &str| list(text, parse_network))]
    pub trusted_proxy: Vec<List<IpNet>>,

    /// How many connections there may be, and how they end.
    #[command(flatten)]
    pub connections: ConnectionArgs,

    /// What becomes of audit records.
    #[command(flatten)]
    pub audit: AuditArgs,

    /// The format of log lines
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,

    /// How much is logged: off, error, warn, info, debug or trace; each request is logged from
    /// debug on
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub log_level: LevelFilter,
}

impl Config {
    /// The tokens' `iss` claim.
    pub fn issuer(&self) -> String {
        self.tokens.issuer(self.public_url.as_ref())
    }

    /// The origin under which browsers reach the server.
    pub fn public_origin(&self) -> Option<&str> {
        self.public_url.as_ref().map(PublicUrl::origin)
    }

    /// The issuer, if programs that know it can't find the server by it: it is not at the public
    /// URL.
    pub fn undiscoverable_issuer(&self) -> Option<&str> {
        let (issuer, public) = (self.tokens.issuer.as_deref()?, self.public_origin()?);
        let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
        (origin(issuer) != origin(public)).then_some(issuer)
    }

    /// Whether people reach the server by https.
    pub fn over_https(&self) -> bool {
        match self.public_origin() {
            Some(origin) => origin.starts_with("https:"),
            None => self.tls.is_on(),
        }
    }

    /// What to listen on, in order.
    pub fn listen_on(&self) -> impl Iterator<Item = &ListenOn> {
        List::flat(&self.listen)
    }

    /// The networks of the trusted proxies.
    pub fn trusted_proxies(&self) -> Vec<IpNet> {
        List::flat(&self.trusted_proxy).copied().collect()
    }

    /// The settings of `hallpass serve` with `args`. Ignores the environment.
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
