use serde::{Deserialize, Serialize};

/// The media type of every error's body (RFC 9457 section 3).
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";

/// The values of [`Problem::kind`]. Errors that say no more than their status use [`BLANK`](kind::BLANK).
pub mod kind {
    /// The status says it all (RFC 9457 section 4.2.1).
    pub const BLANK: &str = "about:blank";
    /// 401: no such user, wrong password, or a disabled user; which of them is not told.
    pub const INVALID_CREDENTIALS: &str = "urn:hallpass:problem:invalid-credentials";
    /// 401: the access token is missing, or is not accepted.
    pub const UNAUTHENTICATED: &str = "urn:hallpass:problem:unauthenticated";
    /// 409: the username is taken.
    pub const USERNAME_TAKEN: &str = "urn:hallpass:problem:username-taken";
    /// 422: a field is missing or breaks a rule; `errors` says which.
    pub const INVALID_FIELDS: &str = "urn:hallpass:problem:invalid-fields";
    /// 503: more work is queued than would be done in time; `Retry-After` says when to come back.
    pub const OVERLOADED: &str = "urn:hallpass:problem:overloaded";
}

/// An error's body (RFC 9457).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Problem {
    /// One of [`kind`]: what sort of problem this is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The sort of problem in words; the same for each of its occurrences.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what can be done about it, for a person.
    pub detail: String,
    /// For a form: what is wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// What is wrong with one field of a form.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FieldError {
    /// The field's name in the request body.
    pub field: String,
    /// What to do about it, for a person.
    pub message: String,
}
