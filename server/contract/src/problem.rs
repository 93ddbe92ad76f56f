use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Secret;

/// The media type of every error's body (RFC 9457 section 3).
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// The values of [`Problem::kind`]. An error of which the status says everything has
/// [`BLANK`](kind::BLANK).
pub mod kind {
    /// An admin or an operator has blocked the network of the client.
    pub const ADDRESS_BLOCKED: &str = "urn:hallpass:problem:address-blocked";
    /// A block may shut out whoever asks for it, who did not insist.
    pub const HAZARDOUS_BLOCK: &str = "urn:hallpass:problem:hazardous-block";
    /// The status says everything (RFC 9457 section 4.2.1).
    pub const BLANK: &str = "about:blank";
    /// 401: unknown user, wrong password, or disabled user. The answer does not say which.
    pub const INVALID_CREDENTIALS: &str = "urn:hallpass:problem:invalid-credentials";
    /// 409: the server is known by an IP address, for which browsers have no passkeys.
    pub const NO_PASSKEYS: &str = "urn:hallpass:problem:no-passkeys";
    /// 409: the user has as many passkeys as may be.
    pub const TOO_MANY_PASSKEYS: &str = "urn:hallpass:problem:too-many-passkeys";
    /// 401: the password is right, and a second factor has to be shown. `methods` says of which
    /// kinds it may be, and `challenge` goes with it.
    pub const SECOND_FACTOR_REQUIRED: &str = "urn:hallpass:problem:second-factor-required";
    /// 403, or 401 of `GET /api/verify`: the account must have a second factor, and the caller's
    /// token is for setting one up.
    pub const SECOND_FACTOR_SETUP_REQUIRED: &str =
        "urn:hallpass:problem:second-factor-setup-required";
    /// 409: the account must have a second factor, and this one is the last.
    pub const LAST_FACTOR: &str = "urn:hallpass:problem:last-factor";
    /// 401: the challenge has expired, was answered, or was answered wrongly too often.
    pub const CHALLENGE_OVER: &str = "urn:hallpass:problem:challenge-over";
    /// 401: the access token is missing, or is not accepted.
    pub const UNAUTHENTICATED: &str = "urn:hallpass:problem:unauthenticated";
    /// 401: the refresh token is missing, unknown, expired or of a session that has ended.
    pub const SESSION_ENDED: &str = "urn:hallpass:problem:session-ended";
    /// 401: the password was given too long ago for this action (RFC 9470).
    pub const NOT_FRESH: &str = "urn:hallpass:problem:reauthentication-needed";
    /// 403: the caller lacks the role that this action needs.
    pub const MISSING_ROLE: &str = "urn:hallpass:problem:missing-role";
    /// 403: the refresh cookie came with a request that another site may have caused.
    pub const CROSS_SITE: &str = "urn:hallpass:problem:cross-site";
    /// 409: nobody would be left who can use the admin routes.
    pub const LAST_ADMIN: &str = "urn:hallpass:problem:last-admin";
    /// 409: the username is taken.
    pub const USERNAME_TAKEN: &str = "urn:hallpass:problem:username-taken";
    /// 422: a field is missing or breaks a rule; `errors` says which.
    pub const INVALID_FIELDS: &str = "urn:hallpass:problem:invalid-fields";
    /// 429: too many attempts in too short a time. `Retry-After` says when to try again.
    pub const TOO_MANY_REQUESTS: &str = "urn:hallpass:problem:too-many-requests";
    /// 503: the queue is so long that the work would be done too late. `Retry-After` says when to
    /// try again.
    pub const OVERLOADED: &str = "urn:hallpass:problem:overloaded";
    /// 503: the store can't work right now. A write may have been done even so.
    pub const UNAVAILABLE: &str = "urn:hallpass:problem:unavailable";
}

/// An error's body (RFC 9457).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// What sort of problem this is, as a URI; `about:blank` if the status says it all.
    #[serde(rename = "type")]
    #[cfg_attr(
        feature = "openapi",
        schema(format = "uri", examples("urn:hallpass:problem:invalid-fields"))
    )]
    pub kind: String,
    /// The sort of problem in words; the same for each of its occurrences.
    pub title: String,
    /// The HTTP status.
    #[cfg_attr(feature = "openapi", schema(minimum = 400, maximum = 599))]
    pub status: u16,
    /// What happened and what can be done about it, for a person.
    pub detail: String,
    /// For a form: what is wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Where a second factor is needed: what to send with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub challenge: Option<Secret>,
    /// Where a second factor is needed: its kinds, of `totp`, `passkey` and `recovery_code`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Where it may be a passkey: for `PublicKeyCredential.parseRequestOptionsFromJSON`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub options: Option<Value>,
}

/// What is wrong with one field of a form.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field's name in the request body.
    pub field: String,
    /// What to do about it, for a person.
    pub message: String,
}
