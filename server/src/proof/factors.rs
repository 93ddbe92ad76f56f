//! What somebody shows beside the password: one-time codes (RFC 6238) and recovery codes.

mod challenge;
mod recovery;
mod seal;
mod totp;

pub(crate) use challenge::{OpenChallenge, SignInChallenge};
pub(crate) use recovery::new_codes;
pub(crate) use seal::Sealer;
pub(crate) use totp::{NewTotp, new_totp};

use std::sync::Arc;

use anyhow::Context as _;
use hallpass_contract::Secret;
use jiff::Timestamp;

use super::method::Method;
use crate::keys::KeyRing;
use crate::store::{FactorUse, User};

/// A second factor, as it was typed.
#[derive(Clone, Debug)]
pub enum FactorProof {
    /// A one-time code.
    Totp(Secret),
    /// A recovery code.
    RecoveryCode(Secret),
}

/// The kinds of second factors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FactorKind {
    /// One-time codes.
    Totp,
    /// Recovery codes.
    RecoveryCode,
}

impl FactorKind {
    /// Its name in the API and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
        }
    }

    /// Its name in a sentence.
    pub(crate) fn phrase(self) -> &'static str {
        match self {
            Self::Totp => "one-time code",
            Self::RecoveryCode => "recovery code",
        }
    }

    /// Those that a user can show.
    pub(crate) fn of(user: &User) -> Vec<Self> {
        let has_codes = !user.factors.recovery_codes.is_empty();
        let totp = user.factors.totp.as_ref().map(|_| Self::Totp);
        totp.into_iter().chain(has_codes.then_some(Self::RecoveryCode)).collect()
    }
}

impl FactorProof {
    /// Its kind.
    pub(crate) fn kind(&self) -> FactorKind {
        match self {
            Self::Totp(_) => FactorKind::Totp,
            Self::RecoveryCode(_) => FactorKind::RecoveryCode,
        }
    }

    /// The methods of a password and this (RFC 8176).
    pub(crate) fn methods() -> Vec<Method> {
        vec![Method::Password, Method::OneTimeCode, Method::MultipleFactors]
    }
}

/// Checks second factors, and seals what they need.
#[derive(Debug)]
pub struct Factors {
    keys: Arc<KeyRing>,
}

impl Factors {
    pub(crate) fn new(keys: Arc<KeyRing>) -> Self {
        Self { keys }
    }

    /// What seals the secrets of users, for as long as they have them.
    pub(crate) fn secrets(&self) -> anyhow::Result<Sealer> {
        let key = self.keys.factor_key().context("there is no key for second factors yet")?;
        Sealer::new(&key, "hallpass second factors")
    }

    /// What seals challenges. A reset of the keys replaces it: whoever had them before can say of
    /// nobody that their password was right.
    pub(crate) fn challenges(&self) -> anyhow::Result<Sealer> {
        Sealer::new(&self.keys.refresh_key(), "hallpass challenges")
    }

    /// What a factor comes to, if it is right. The store has the last word: it may have been used
    /// meanwhile.
    pub(crate) fn check(
        &self,
        proof: &FactorProof,
        user: &User,
        now: Timestamp,
    ) -> anyhow::Result<Option<FactorUse>> {
        match proof {
            FactorProof::Totp(code) => {
                let Some(totp) = &user.factors.totp else { return Ok(None) };
                let step = totp::step(&self.secrets()?, user.id, totp, code, now);
                Ok(step.map(|step| FactorUse::Totp { created_at: totp.created_at, step }))
            }
            FactorProof::RecoveryCode(code) => {
                let code = recovery::parse(code).map(|code| recovery::hash(&code));
                let left = &user.factors.recovery_codes;
                Ok(code.filter(|code| left.contains(code)).map(FactorUse::RecoveryCode))
            }
        }
    }

    /// The time step of a code of the secret that the user is setting up, and when that was made.
    pub(crate) fn check_pending(
        &self,
        code: &Secret,
        user: &User,
        now: Timestamp,
    ) -> anyhow::Result<Option<(Timestamp, u64)>> {
        let Some(totp) = &user.factors.pending_totp else { return Ok(None) };
        let step = totp::step(&self.secrets()?, user.id, totp, code, now);
        Ok(step.map(|step| (totp.created_at, step)))
    }
}

#[cfg(test)]
mod tests;
