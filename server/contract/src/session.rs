use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Secret, User};

/// The cookie that holds the refresh token (RFC 6265bis section 4.1.3.2 for its prefix).
pub const REFRESH_COOKIE: &str = "__Host-hallpass-refresh";

/// The name of that cookie on a server below a path. `__Host-` would demand the path `/`, where
/// neighbours on the same host got the cookie, too.
pub const REFRESH_COOKIE_BELOW: &str = "__Secure-hallpass-refresh";

/// The cookie that opens the pages of a guarded site. It is that site's. No other route takes it.
pub const GUARD_COOKIE: &str = "__Host-hallpass-guard";

/// The cookie by which a guarded site knows the browser again that it sent to the sign-in page.
pub const GUARD_ASKED_COOKIE: &str = "__Host-hallpass-guard-asked";

/// The answer to a login, a refresh and a reauthentication (RFC 6749 section 5.1 and the user).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Login {
    /// A JWT in the shape of RFC 9068, to be sent as `Authorization: Bearer`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub access_token: Secret,
    /// Always `Bearer`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^Bearer$"))]
    pub token_type: String,
    /// Seconds from now until the access token expires.
    pub expires_in: u64,
    /// Who signed in.
    pub user: User,
    /// The account must have a second factor and has none. The token is good for setting one up
    /// and for nothing else, and no refresh cookie comes with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "openapi", schema(required = false))]
    pub setup_required: bool,
}

/// The body of `POST /api/me/reauthenticate`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reauthentication {
    /// The caller's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = "password"))]
    pub password: Option<Secret>,
    /// Where the caller has a second factor: the six digits that the authenticator app shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub totp: Option<Secret>,
    /// Or one of the recovery codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub recovery_code: Option<Secret>,
    /// In the place of a password: the `challenge` of `POST /api/login/passkey/options`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub challenge: Option<Secret>,
    /// And what the browser made of its options: an `AuthenticationResponseJSON`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub passkey: Option<Value>,
}

/// The body of `POST /api/me/password`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordChange {
    /// The password until now.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password"))]
    pub current_password: Secret,
    /// The password from now on.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password"))]
    pub new_password: Secret,
}

/// The body of `POST /api/password-reset`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordReset {
    /// What the reset link holds after its `#`.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password"))]
    pub token: Secret,
    /// The password from now on.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = "password"))]
    pub new_password: Secret,
}

/// The answer to `GET /api/me/sessions` and to `GET /api/admin/users/{id}/sessions`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionList {
    /// The user's sessions, the one that was used last first.
    pub sessions: Vec<Session>,
}

/// A session: what lies between a login and its end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// `UUIDv7` text.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    pub id: String,
    /// When it began; RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub created_at: String,
    /// When it was last refreshed; RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = "date-time"))]
    pub last_used_at: String,
    /// The `User-Agent` of that refresh, or of the login.
    pub user_agent: String,
    /// It is the one of this request.
    pub current: bool,
}
