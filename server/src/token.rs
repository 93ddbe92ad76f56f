//! Access tokens: JWTs in the shape of RFC 9068.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::keys::{Key, KeyRing};
use crate::store::{User, uuid_v7};

mod checks;
mod claims;
mod fault;
mod inspect;
mod segments;

pub use claims::{Audience, Claims};
pub use fault::{
    LONGEST_ACCEPTED, MAX_ACCESS_TTL, MAX_LEEWAY, MAX_TOKEN_BYTES, SETUP_TTL, TokenError, TokenKind,
};
pub use inspect::{Check, CheckOutcome, Inspection};

/// The OAuth client id of our own frontend and of API callers.
const CLIENT_ID: &str = "hallpass";

/// What a token is signed for.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// What it is for.
    pub use_for: UseFor<'a>,
    /// The token's subject.
    pub user: &'a User,
    /// The session that it belongs to.
    pub sid: Uuid,
    /// When the user last proved who they are.
    pub auth_time: Timestamp,
    /// The methods of that proof (RFC 8176 section 2).
    pub amr: &'a [String],
    /// When the session ends at the latest; the token ends no later.
    pub not_after: Timestamp,
}

/// What a token is for, and where.
#[derive(Clone, Copy, Debug)]
pub enum UseFor<'a> {
    /// An access token.
    Access,
    /// For setting up a second factor.
    Setup,
    /// For the pages of the guarded site with this origin.
    Guard(&'a str),
}

impl UseFor<'_> {
    /// What it is for, wherever.
    pub fn kind(self) -> TokenKind {
        match self {
            Self::Access => TokenKind::Access,
            Self::Setup => TokenKind::Setup,
            Self::Guard(_) => TokenKind::Guard,
        }
    }
}

/// A signed token.
#[derive(Clone, Eq, PartialEq)]
pub struct Signed {
    /// The token itself, in the compact form of RFC 7515 section 3.1.
    pub token: String,
    /// For how many seconds it is valid. 0 if its session has ended.
    pub expires_in: u64,
}

/// What an accepted token says, and what is needed to accept it again.
#[derive(Debug)]
pub struct Accepted {
    /// What it is for.
    pub kind: TokenKind,
    /// What it says.
    pub claims: Claims,
    key: Arc<Key>,
}

/// Signs and checks access tokens.
#[derive(Debug)]
pub struct Tokens {
    keys: Arc<KeyRing>,
    issuer: String,
    audience: String,
    /// The origins of the sites whose pages the server guards.
    guarded: Vec<String>,
    ttl: Duration,
    leeway: i64,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

impl Tokens {
    /// Makes and checks tokens of `issuer` for `audience`. They live for `ttl`, in whole seconds,
    /// or for the lifetime that the keys were opened for, if that is shorter. Times are checked
    /// without leeway.
    pub fn new(keys: Arc<KeyRing>, issuer: String, audience: String, ttl: Duration) -> Self {
        Self { keys, issuer, audience, guarded: Vec::new(), ttl, leeway: 0 }
    }

    /// Also makes and accepts tokens for the pages of these sites, named by their origins.
    #[must_use]
    pub fn guarding(self, guarded: Vec<String>) -> Self {
        Self { guarded, ..self }
    }

    /// Accepts tokens up to this many whole seconds before `nbf` and after `exp`.
    #[must_use]
    pub fn with_leeway(self, leeway: Duration) -> Self {
        Self { leeway: leeway.as_secs().cast_signed(), ..self }
    }

    /// How long a token lives, unless its session ends earlier.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Signs a token with the current key.
    ///
    /// # Errors
    ///
    /// If the cryptographic library fails, or the token would exceed [`MAX_TOKEN_BYTES`], for
    /// example for a user with a hundred roles.
    pub fn sign(&self, grant: &Grant<'_>, now: Timestamp) -> anyhow::Result<Signed> {
        let signer = self.keys.signing_key()?;
        let iat = now.as_second();
        let ttl = match grant.use_for {
            UseFor::Access | UseFor::Guard(_) => self.ttl.min(signer.longest_ttl),
            UseFor::Setup => SETUP_TTL,
        };
        let claims = self.claims(grant, now, ttl);
        let (alg, kid) = (signer.key.algorithm().name(), signer.key.kid());
        let header = Header { alg, typ: grant.use_for.kind().typ(), kid };
        let mut token = format!("{}.{}", encode(&header)?, encode(&claims)?);
        let signature = signer.key.sign(token.as_bytes())?;
        token.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut token);
        let length = token.len();
        ensure!(length <= MAX_TOKEN_BYTES, "a token of {length} bytes, over {MAX_TOKEN_BYTES}");
        Ok(Signed { token, expires_in: u64::try_from(claims.exp.saturating_sub(iat)).unwrap_or(0) })
    }

    /// What a token says that is signed now and lives for `ttl`.
    fn claims(&self, grant: &Grant<'_>, now: Timestamp, ttl: Duration) -> Claims {
        let (user, iat) = (grant.user, now.as_second());
        let (audience, roles, nbf) = match grant.use_for {
            UseFor::Access => (self.audience.as_str(), user.roles.clone(), iat),
            UseFor::Setup => (self.issuer.as_str(), Vec::new(), iat),
            // A server whose clock is behind may be asked for the next page.
            UseFor::Guard(site) => (site, Vec::new(), iat - MAX_LEEWAY.as_secs().cast_signed()),
        };
        let exp = iat.saturating_add_unsigned(ttl.as_secs()).min(grant.not_after.as_second());
        Claims {
            iss: self.issuer.clone(),
            sub: user.id.to_string(),
            aud: Audience::One(audience.to_owned()),
            exp,
            iat,
            nbf,
            jti: uuid_v7(now).to_string(),
            client_id: CLIENT_ID.to_owned(),
            sid: grant.sid.to_string(),
            username: user.username.clone(),
            roles,
            auth_time: grant.auth_time.as_second(),
            amr: grant.amr.to_vec(),
        }
    }

    /// Checks everything that an access token shows. The caller must check whether the user still
    /// exists.
    ///
    /// # Errors
    ///
    /// Why it is not accepted, in as much detail as its bearer may know.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let accepted = self.accept(token, now)?;
        let is_access = accepted.kind == TokenKind::Access;
        if is_access { Ok(accepted.claims) } else { Err(TokenError::Invalid) }
    }

    /// As [`verify`](Self::verify), for a caller that caches accepted tokens and looks what they
    /// are for.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    pub fn accept(&self, token: &str, now: Timestamp) -> Result<Accepted, TokenError> {
        self.check(token, now).map_err(|fault| fault.category())
    }

    /// Checks what may have changed since the token was accepted: the time, and whether its key
    /// still verifies. The signature and the rest have not changed.
    ///
    /// # Errors
    ///
    /// The error that [`verify`](Self::verify) would now return.
    pub fn accept_again(&self, accepted: &Accepted, now: Timestamp) -> Result<(), TokenError> {
        if !self.keys.verifies(&accepted.key, now) {
            return Err(TokenError::Invalid);
        }
        let Claims { exp, nbf, .. } = accepted.claims;
        self.check_expiry(exp, now)
            .and_then(|()| self.check_not_before(nbf, now))
            .map_err(|fault| fault.category())
    }
}

fn encode(part: &impl Serialize) -> anyhow::Result<String> {
    Ok(BASE64URL_NOPAD.encode(&serde_json::to_vec(part)?))
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signed").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
