//! The settings that the server and the command line share.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::RECOMMENDED_ITERATIONS;
use super::values::{iterations, leeway};
use crate::public_url::PublicUrl;
use crate::store::DatabaseUrl;

/// The tokens' `iss` claim if neither an issuer nor a public URL is configured.
const DEFAULT_ISSUER: &str = "http://127.0.0.1:8080";

/// Where accounts and sessions are kept.
#[derive(Args, Clone, Debug, Default)]
pub struct DatabaseArgs {
    /// A PostgreSQL database for users, sessions and keys, such as
    /// postgres://hallpass@db.example/hallpass. It needs --master-key-file. Give a URL with a
    /// password by the variable, since others can see arguments. By default, users, sessions and
    /// keys are in files of the data directory
    #[arg(
        long,
        value_name = "URL",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, String>(DatabaseUrl::from(text))
    )]
    pub database_url: Option<DatabaseUrl>,

    /// What seals the keys in it.
    #[command(flatten)]
    pub master_key: MasterKeyArgs,
}

/// The file with the master key.
#[derive(Args, Clone, Debug, Default)]
pub struct MasterKeyArgs {
    /// File that holds the master key, with which the keys in the PostgreSQL database are sealed.
    /// All servers of the database need the same one. `hallpass keys new-master FILE` makes one
    #[arg(long, value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
}

/// Issuer, audience and leeway of tokens.
#[derive(Args, Clone, Debug)]
pub struct TokenArgs {
    /// The tokens' `iss` claim; by default --public-url, or else http://127.0.0.1:8080
    #[arg(long, value_name = "URL", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub issuer: Option<String>,

    /// The tokens' `aud` claim
    #[arg(
        long, value_name = "NAME", default_value = "hallpass",
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub audience: String,

    /// How far other clocks may be off when a token's `exp` and `nbf` are checked: 0s to 60s, in
    /// whole seconds
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = leeway)]
    pub leeway: Duration,
}

impl TokenArgs {
    /// The tokens' `iss` claim for a server reached under `public_url`.
    pub fn issuer(&self, public_url: Option<&PublicUrl>) -> String {
        let public = || public_url.map_or_else(|| DEFAULT_ISSUER.to_owned(), PublicUrl::to_string);
        self.issuer.clone().unwrap_or_else(public)
    }
}

/// Which passwords are accepted, and how they are hashed.
#[derive(Args, Clone, Debug)]
pub struct PasswordArgs {
    /// PBKDF2-HMAC-SHA256 iterations of new password hashes: 1 to 10000000
    #[arg(
        long, value_name = "N",
        default_value_t = NonZeroU32::new(RECOMMENDED_ITERATIONS).expect("not zero"),
        value_parser = iterations
    )]
    pub pbkdf2_iterations: NonZeroU32,

    /// The fewest characters of a new password: 8 to 256 (NIST SP 800-63B-4 asks for 15)
    #[arg(
        long, value_name = "N", default_value_t = 15,
        value_parser = clap::value_parser!(u16).range(8..=256)
    )]
    pub password_min: u16,
}
