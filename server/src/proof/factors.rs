//! What somebody shows beside the password: one-time codes (RFC 6238), recovery codes and passkeys.

mod challenge;
mod passkey;
mod recovery;
mod refused;
mod seal;
mod totp;

pub(crate) use challenge::{Contents, OpenChallenge, SignInChallenge, seal};
pub use passkey::Answered;
#[cfg(fuzzing)]
pub(crate) use passkey::fuzzing::Questions;
pub(crate) use passkey::{Asked, AskedForNew, Options, RelyingParty};
pub(crate) use recovery::new_codes;
pub(crate) use refused::Refused;
pub(crate) use seal::Sealer;
pub(crate) use totp::{NewTotp, exported, imported, new_totp};

use std::sync::Arc;

use anyhow::Context as _;
use hallpass_contract::Secret;
use jiff::Timestamp;

use crate::keys::KeyRing;
use crate::store::{FactorUse, User};

/// A second factor, as it was typed.
#[derive(Clone, Debug)]
pub enum FactorProof {
    /// A one-time code.
    Totp(Secret),
    /// A recovery code.
    RecoveryCode(Secret),
    /// What a passkey has signed.
    Passkey(Answered),
}

/// The kinds of second factors.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FactorKind {
    /// One-time codes.
    Totp,
    /// Recovery codes.
    RecoveryCode,
    /// Passkeys.
    Passkey,
}

impl FactorKind {
    /// Its name in the API and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::Passkey => "passkey",
        }
    }
}

impl FactorProof {
    /// Its kind.
    pub(crate) fn kind(&self) -> FactorKind {
        match self {
            Self::Totp(_) => FactorKind::Totp,
            Self::RecoveryCode(_) => FactorKind::RecoveryCode,
            Self::Passkey(_) => FactorKind::Passkey,
        }
    }
}

/// Checks second factors, and seals what they need.
#[derive(Debug)]
pub struct Factors {
    keys: Arc<KeyRing>,
    /// Where passkeys are for; none if the server is known by an IP address alone.
    relying_party: Option<RelyingParty>,
}

impl Factors {
    pub(crate) fn new(keys: Arc<KeyRing>, relying_party: Option<RelyingParty>) -> Self {
        Self { keys, relying_party }
    }

    /// The kinds that a user can show.
    pub(crate) fn kinds_of(&self, user: &User) -> Vec<FactorKind> {
        let factors = &user.factors;
        let has_passkey = self.relying_party.is_some() && !factors.passkeys.is_empty();
        let has = [
            (FactorKind::Totp, factors.totp.is_some()),
            (FactorKind::Passkey, has_passkey),
            (FactorKind::RecoveryCode, !factors.recovery_codes.is_empty()),
        ];
        has.into_iter().filter(|(_, has)| *has).map(|(kind, _)| kind).collect()
    }

    /// Where passkeys are for.
    pub(crate) fn relying_party(&self) -> Option<&RelyingParty> {
        self.relying_party.as_ref()
    }

    /// What a browser needs to use a passkey of this user, if there is one.
    pub(crate) fn ask(&self, user: &User) -> anyhow::Result<Option<(Options, Asked)>> {
        let ids = passkey::ids_of(user);
        let party = self.relying_party.as_ref().filter(|_| !ids.is_empty());
        party.map(|party| party.ask(Some(user.id), &ids)).transpose()
    }

    /// What a browser needs to sign in with a passkey. For a name that is nobody's, or whose user
    /// has no passkey, one is invented, always the same.
    pub(crate) fn ask_by_name(
        &self,
        party: &RelyingParty,
        key: &str,
        user: Option<&User>,
    ) -> anyhow::Result<(Options, Asked)> {
        let of = |what: &str| self.secret_of(&format!("hallpass invented {what}"), key);
        let mut id = [0; 64];
        id[..32].copy_from_slice(&of("passkey 1")?);
        id[32..].copy_from_slice(&of("passkey 2")?);
        let invented = passkey::invented(&of("user")?, &id);
        let (id, ids) = match user.filter(|user| !user.factors.passkeys.is_empty()) {
            Some(user) => (user.id, passkey::ids_of(user)),
            None => (invented.0, vec![invented.1]),
        };
        party.ask(Some(id), &ids)
    }

    /// A secret of this text, for as long as the key is there.
    fn secret_of(&self, purpose: &str, text: &str) -> anyhow::Result<[u8; 32]> {
        let key = self.keys.factor_key().context("there is no key for second factors yet")?;
        Ok(seal::derive(&seal::derive(key.expose(), purpose), text))
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
    ) -> anyhow::Result<Result<FactorUse, Refused>> {
        self.check_asked(proof, None, user, now)
    }

    /// As [`check`](Self::check), where a passkey was asked for.
    pub(crate) fn check_asked(
        &self,
        proof: &FactorProof,
        asked: Option<&Asked>,
        user: &User,
        now: Timestamp,
    ) -> anyhow::Result<Result<FactorUse, Refused>> {
        let used = match proof {
            FactorProof::Totp(code) => {
                let Some(totp) = &user.factors.totp else { return Ok(Err(Refused::Code)) };
                let step = totp::step(&self.secrets()?, user.id, totp, code, now);
                let step = step.map(|step| FactorUse::Totp { created_at: totp.created_at, step });
                step.ok_or(Refused::Code)
            }
            FactorProof::RecoveryCode(code) => {
                let code = recovery::parse(code).map(|code| recovery::hash(&code));
                let left = &user.factors.recovery_codes;
                let code = code.filter(|code| left.contains(code)).map(FactorUse::RecoveryCode);
                code.ok_or(Refused::RecoveryCode)
            }
            FactorProof::Passkey(answered) => match (&self.relying_party, asked) {
                (Some(party), Some(asked)) => return party.check(asked, answered, user, now),
                _ => Err(Refused::Passkey),
            },
        };
        Ok(used)
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
