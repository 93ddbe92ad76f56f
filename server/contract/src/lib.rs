//! The wire types and paths of the Hallpass HTTP API: what the server, the frontend, the load test
//! and the browser suite all agree on. It depends on serde alone, so that every one of them can
//! use it.

mod problem;
mod secret;

pub use problem::{FieldError, PROBLEM_MEDIA_TYPE, Problem, kind};
pub use secret::Secret;

use serde::{Deserialize, Serialize};

/// What the server's first line on stdout begins with; its URL follows.
pub const LISTENING_ON: &str = "listening on ";

/// The API's paths.
pub mod path {
    /// `POST` [`Credentials`](crate::Credentials): 201 [`UserBody`](crate::UserBody).
    pub const REGISTER: &str = "/api/register";
    /// `POST` [`Credentials`](crate::Credentials): 200 [`Login`](crate::Login).
    pub const LOGIN: &str = "/api/login";
    /// `GET` with a bearer token: 200 [`Verified`](crate::Verified).
    pub const VERIFY: &str = "/api/verify";
    /// `GET` with a bearer token: 200 [`Protected`](crate::Protected).
    pub const PROTECTED: &str = "/api/protected";
    /// `GET` with a bearer token: 200 [`UserBody`](crate::UserBody).
    pub const ME: &str = "/api/me";
    /// `GET`: 200 [`PublicConfig`](crate::PublicConfig).
    pub const CONFIG: &str = "/api/config";
    /// `GET`: 200 as long as the process answers at all.
    pub const HEALTHZ: &str = "/healthz";
    /// `GET`: 200 when the server can do its work, else 503.
    pub const READYZ: &str = "/readyz";
}

/// The body of a registration and of a login.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Credentials {
    /// 3 to 64 characters, RFC 8265 UsernameCaseMapped.
    pub username: String,
    /// RFC 8265 OpaqueString.
    pub password: Secret,
}

/// A user as the API shows it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct User {
    /// `UUIDv7` text.
    pub id: String,
    /// The name as it was registered, its case preserved.
    pub username: String,
    /// Each matches `[a-z0-9:._-]{1,64}`.
    pub roles: Vec<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
}

/// The answer to a registration and to `GET /api/me`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UserBody {
    /// The user in question.
    pub user: User,
}

/// The answer to a login (RFC 6749 section 5.1 and the user).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Login {
    /// A JWT in the shape of RFC 9068, to be sent as `Authorization: Bearer`.
    pub access_token: Secret,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds from now until the access token expires.
    pub expires_in: u64,
    /// Who signed in.
    pub user: User,
}

/// The answer to `GET /api/verify`: what the accepted token says.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Verified {
    /// The user's id.
    pub sub: String,
    /// The user's name.
    pub username: String,
    /// The user's roles.
    pub roles: Vec<String>,
    /// The session's id.
    pub sid: String,
    /// When the token expires, in seconds since 1970-01-01T00:00:00Z.
    pub exp: u64,
}

/// The answer to `GET /api/protected`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Protected {
    /// The protected content.
    pub message: String,
    /// For whom it is.
    pub user: User,
}

/// What a frontend must know before anyone has signed in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PublicConfig {
    /// The fewest characters a new password may have.
    pub password_min: usize,
    /// Who may register: `open` means everyone.
    pub registration: String,
}
