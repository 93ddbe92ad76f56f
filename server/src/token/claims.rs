use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::fault::{Fault, Found, TokenError};
use super::segments::Object;
use crate::store::{SessionId, UserId};

/// What an access token says. Times are seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Claims {
    /// Who issued the token.
    pub iss: String,
    /// The user's id.
    pub sub: String,
    /// The audience that the token is meant for.
    pub aud: Audience,
    /// From this second on, the token is not accepted.
    pub exp: i64,
    /// When the token was issued.
    pub iat: i64,
    /// Before this second the token is not accepted.
    pub nbf: i64,
    /// The token's id.
    pub jti: String,
    /// The client through which the user signed in.
    pub client_id: String,
    /// The session's id.
    pub sid: String,
    /// The user's name when the token was issued.
    pub username: String,
    /// The user's roles when the token was issued.
    pub roles: Vec<String>,
    /// When the user last proved who they are.
    pub auth_time: i64,
    /// The methods by which they proved it (RFC 8176 section 2). Empty in tokens of earlier
    /// versions.
    #[serde(default)]
    pub amr: Vec<String>,
}

/// RFC 7519 section 4.1.3: one string, or an array of them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Audience {
    /// A single audience.
    One(String),
    /// Several audiences.
    Many(Vec<String>),
}

impl Claims {
    /// The ids of the token's user and session.
    ///
    /// # Errors
    ///
    /// If they are not ids: then it is not our token.
    pub fn subject(&self) -> Result<(UserId, SessionId), TokenError> {
        let id = UserId::parse(&self.sub).ok_or(TokenError::Invalid)?;
        let session = Uuid::try_parse(&self.sid).map_err(|_| TokenError::Invalid)?;
        Ok((id, SessionId::from_bytes(session.into_bytes())))
    }

    /// Reads a token's claims. All but `amr` must be there, each with the right type. Other claims
    /// are ignored, as RFC 7519 section 4 demands.
    pub(super) fn from_object(object: &Object) -> Result<Self, Fault> {
        Ok(Self {
            iss: text(object, "iss")?,
            sub: text(object, "sub")?,
            aud: audience(object)?,
            exp: seconds(object, "exp")?,
            iat: seconds(object, "iat")?,
            nbf: seconds(object, "nbf")?,
            jti: text(object, "jti")?,
            client_id: text(object, "client_id")?,
            sid: text(object, "sid")?,
            username: text(object, "username")?,
            roles: typed(object, "roles", "an array of strings", texts)?,
            auth_time: seconds(object, "auth_time")?,
            amr: match object.get("amr") {
                Some(_) => typed(object, "amr", "an array of strings", texts)?,
                None => Vec::new(),
            },
        })
    }
}

pub(super) fn text(object: &Object, name: &'static str) -> Result<String, Fault> {
    typed(object, name, "a string", |value| value.as_str().map(str::to_owned))
}

/// A NumericDate (RFC 7519 section 2). Ours are whole numbers.
pub(super) fn seconds(object: &Object, name: &'static str) -> Result<i64, Fault> {
    typed(object, name, "a whole number", Value::as_i64)
}

pub(super) fn audience(object: &Object) -> Result<Audience, Fault> {
    typed(object, "aud", "a string or an array of strings", |value| match value {
        Value::String(one) => Some(Audience::One(one.clone())),
        value => texts(value).map(Audience::Many),
    })
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

fn typed<T>(
    object: &Object,
    name: &'static str,
    expected: &'static str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Result<T, Fault> {
    let value = object.get(name);
    let wrong = || Fault::Claim { name, found: Found::new(value), expected };
    value.and_then(read).ok_or_else(wrong)
}
