//! Access tokens: JWTs in the shape of RFC 9068.

use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keys::SigningKey;
use crate::store::{User, uuid_v7};

/// The header's `typ` (RFC 9068 section 2.1).
const TOKEN_TYPE: &str = "at+jwt";

/// The OAuth client that our own frontend and API callers sign in through.
const CLIENT_ID: &str = "hallpass";

/// What an access token says. Times are seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Claims {
    /// Who issued the token.
    pub iss: String,
    /// The user's id.
    pub sub: String,
    /// For whom the token is meant.
    pub aud: Audience,
    /// From this second on the token is not accepted.
    pub exp: i64,
    /// When the token was issued.
    pub iat: i64,
    /// Before this second the token is not accepted.
    pub nbf: i64,
    /// The token's id.
    pub jti: String,
    /// Through which client the user signed in.
    pub client_id: String,
    /// The session's id.
    pub sid: String,
    /// The user's name when the token was issued.
    pub username: String,
    /// The user's roles when the token was issued.
    pub roles: Vec<String>,
    /// When the user last gave their password.
    pub auth_time: i64,
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

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// Not a JWT of ours: shape, key, algorithm, type, signature, issuer, audience or a claim.
    #[error("the access token is not valid")]
    Invalid,
    /// It was valid once.
    #[error("the access token has expired")]
    Expired,
    /// It will be valid later.
    #[error("the access token is not valid yet")]
    NotYetValid,
}

/// Signs and checks access tokens.
#[derive(Debug)]
pub struct Tokens {
    key: SigningKey,
    header: Header,
    validation: Validation,
    issuer: String,
    audience: String,
    ttl: Duration,
    leeway: i64,
}

impl Tokens {
    /// Tokens of `issuer` for `audience` that live for `ttl`, in whole seconds. Times are checked
    /// without leeway.
    pub fn new(key: SigningKey, issuer: String, audience: String, ttl: Duration) -> Self {
        let header = Header {
            typ: Some(TOKEN_TYPE.to_owned()),
            kid: Some(key.kid().to_owned()),
            ..Header::new(SigningKey::ALGORITHM)
        };
        let mut validation = Validation::new(SigningKey::ALGORITHM);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[&audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // The library would ask its own clock, and accept a token in the second in which RFC 7519
        // section 4.1.4 says it must no longer be.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { key, header, validation, issuer, audience, ttl, leeway: 0 }
    }

    /// Accepts tokens this much, in whole seconds, before `nbf` and after `exp`.
    #[must_use]
    pub fn with_leeway(self, leeway: Duration) -> Self {
        Self { leeway: leeway.as_secs().cast_signed(), ..self }
    }

    /// How long a token lives.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Signs a token for a user who gave their password `now`.
    ///
    /// # Errors
    ///
    /// If the signing library fails.
    pub fn sign(&self, user: &User, sid: Uuid, now: Timestamp) -> anyhow::Result<String> {
        let seconds = now.as_second();
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: user.id.to_string(),
            aud: Audience::One(self.audience.clone()),
            exp: seconds.saturating_add_unsigned(self.ttl.as_secs()),
            iat: seconds,
            nbf: seconds,
            jti: uuid_v7(now).to_string(),
            client_id: CLIENT_ID.to_owned(),
            sid: sid.to_string(),
            username: user.username.clone(),
            roles: user.roles.clone(),
            auth_time: seconds,
        };
        Ok(jsonwebtoken::encode(&self.header, &claims, self.key.encoding())?)
    }

    /// Checks all that a token says by itself; whether the user is still there is the caller's
    /// to ask.
    ///
    /// # Errors
    ///
    /// Why it is not accepted, in as much detail as its bearer may know.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let token = jsonwebtoken::decode::<Claims>(token, self.key.decoding(), &self.validation)
            .map_err(|_| TokenError::Invalid)?;
        // An extension that must be understood (RFC 7515 section 4.1.11), and we understand none.
        if token.header.crit.is_some()
            || token.header.kid != self.header.kid
            || !is_access_token(&token.header)
        {
            return Err(TokenError::Invalid);
        }
        let (claims, seconds) = (token.claims, now.as_second());
        if claims.exp.saturating_add(self.leeway) <= seconds {
            return Err(TokenError::Expired);
        }
        if claims.nbf.saturating_sub(self.leeway) > seconds {
            return Err(TokenError::NotYetValid);
        }
        Ok(claims)
    }
}

/// RFC 9068 section 4: `at+jwt` or `application/at+jwt`; media types ignore case.
fn is_access_token(header: &Header) -> bool {
    header.typ.as_deref().is_some_and(|typ| {
        let typ = typ.to_ascii_lowercase();
        typ.strip_prefix("application/").unwrap_or(&typ) == TOKEN_TYPE
    })
}

#[cfg(test)]
mod tests;
