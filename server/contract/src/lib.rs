//! The wire types and paths of the Hallpass HTTP API, for the server, the frontend, the load test
//! and the browser suite. It depends on serde and serde_json alone, so that all of them can use it.
//!
//! The feature `openapi` adds the schemas of the wire types.

mod admin;
mod factor;
pub mod page;
pub mod path;
mod problem;
#[cfg(feature = "openapi")]
mod schema;
mod secret;
mod session;
mod user;

pub use admin::{
    ADMIN_ROLE, AdminUser, AdminUserBody, AuditPage, AuditRecord, AuditedUser, Block, BlockBody,
    BlockList, NamedUser, NewBlock, OpenReset, RegistrationChange, ResetLink, ResetList,
    RotatedKey, USER_ROLE, UserPage, UserPatch,
};
pub use factor::{
    FactorList, NewPasskey, Passkey, PasskeyBody, PasskeyLogin, PasskeyName, PasskeyOptions,
    PasskeyUser, RecoveryCodes, SecondFactor, TotpConfirmation, TotpFactor, TotpSetup,
};
pub use problem::{FieldError, PROBLEM_MEDIA_TYPE, Problem, kind};
pub use secret::Secret;
pub use session::{
    GUARD_ASKED_COOKIE, GUARD_COOKIE, Login, PasswordChange, PasswordReset, REFRESH_COOKIE,
    REFRESH_COOKIE_BELOW, Reauthentication, Session, SessionList,
};
pub use user::{Credentials, Protected, User, UserBody, Verified};

use serde::{Deserialize, Serialize};

/// The beginning of the server's first line on stdout. Its URL follows.
pub const LISTENING_ON: &str = "listening on ";

/// What a frontend must know before anyone has signed in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicConfig {
    /// The fewest characters a new password may have.
    pub password_min: usize,
    /// Who may register: `open` means everyone.
    #[cfg_attr(feature = "openapi", schema(pattern = "^(open|closed)$"))]
    pub registration: String,
    /// The origins beside the server's own to which the frontend may send the access token, as
    /// browsers write them.
    #[serde(default)]
    #[cfg_attr(
        feature = "openapi",
        schema(required = true, examples(json!("https://api.example.com")))
    )]
    pub token_origins: Vec<String>,
    /// The paths to which the frontend never sends it, on those origins and the server's own. Each
    /// is a path, or ends with `/*` for everything below it. An origin before the path limits it to
    /// that origin.
    #[serde(default)]
    #[cfg_attr(
        feature = "openapi",
        schema(required = true, examples(json!("/public/*"), json!("https://api.example.com/status")))
    )]
    pub no_token_paths: Vec<String>,
}

/// The answer of the health and readiness probes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// Always `ok`; what is not answers with a problem.
    #[cfg_attr(feature = "openapi", schema(pattern = "^ok$"))]
    pub status: String,
}
