//! Checks who somebody is. A [`Proof`] is what they show: a password, alone or with a second
//! factor. [`Proven`] says what a right proof showed, whatever its kind.

pub mod factors;
mod method;
pub mod password;

pub use method::Method;
pub(crate) use method::amr;

use std::time::Duration;

use anyhow::Context as _;
use hallpass_contract::Secret;
use jiff::Timestamp;

use crate::store::{FactorUse, User, Verified};
use crate::token::MAX_LEEWAY;
use crate::username::Username;
use factors::{FactorProof, Factors};
use password::{
    JobKind, Password, PhcHash, Policy, Pool, PoolError, StoredHash, Verdict, is_unusable,
};

/// What somebody shows to prove who they are.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A password, as it was typed.
    Password(Secret),
    /// A password and a second factor, both as they were typed.
    Both(Secret, FactorProof),
}

impl Proof {
    fn password(&self) -> &Secret {
        let (Self::Password(password) | Self::Both(password, _)) = self;
        password
    }

    /// The second factor.
    pub(crate) fn factor(&self) -> Option<&FactorProof> {
        match self {
            Self::Password(_) => None,
            Self::Both(_, factor) => Some(factor),
        }
    }
}

/// What a right proof shows.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The user who gave it, as the store had them before the check.
    pub user: User,
    /// How they proved it.
    pub methods: Vec<Method>,
    /// The second factor, to be used up.
    pub factor: Option<FactorUse>,
    /// Whether the password's hash must be made anew: it is cheaper than today's, or another system
    /// made it.
    pub outdated: bool,
}

impl Proven {
    /// Whether the user has a second factor that was not shown.
    pub(crate) fn lacks_factor(&self) -> bool {
        self.factor.is_none() && self.user.factors.are_needed()
    }
}

/// Why a proof could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum NotChecked {
    /// The hashing threads did not do the work.
    #[error(transparent)]
    Hashing(#[from] PoolError),
    /// The user's record is damaged.
    #[error(transparent)]
    Damaged(#[from] anyhow::Error),
}

/// Checks proofs, and hashes new passwords.
#[derive(Debug)]
pub struct Prover {
    /// Hashes and verifies passwords.
    pub pool: Pool,
    /// What a new password must be.
    pub policy: Policy,
    /// Checks second factors.
    pub(crate) factors: Factors,
}

impl Prover {
    /// Checks a proof. Returns what it shows, or none if it is wrong. Without a user the answer is
    /// none, too, and takes just as long. Of a second factor, the store has the last word.
    pub async fn check(
        &self,
        proof: &Proof,
        user: Option<User>,
        now: Timestamp,
    ) -> Result<Option<Proven>, NotChecked> {
        let stored = user.as_ref().map(stored_hash).transpose()?.flatten();
        let verified = self.pool.verify(proof.password(), stored.as_ref()).await?;
        let Verdict { matches, outdated } = verified;
        let Some(user) = user.filter(|_| matches) else { return Ok(None) };
        let Some(factor) = proof.factor() else {
            let methods = vec![Method::Password];
            return Ok(Some(Proven { user, methods, factor: None, outdated }));
        };
        let factor = self.factors.check(factor, &user, now)?;
        Ok(factor.ok().map(|factor| {
            let methods = methods_with(&factor);
            Proven { user, methods, factor: Some(factor), outdated }
        }))
    }

    /// What the store must note after a right proof. An outdated hash gets a new one. If that
    /// fails, the proof still counts, and the next login tries again.
    pub async fn verified(&self, proof: &Proof, proven: &Proven) -> Verified {
        let Proven { user, methods, factor, outdated } = proven;
        // If today's rules would refuse the password, the other system's hash stays.
        let outdated = Password::prepare(proof.password()).ok().filter(|_| *outdated);
        let renewed = match outdated {
            None => None,
            Some(password) => match self.pool.hash(password).await {
                Ok(hash) => Some(hash.to_phc()),
                Err(error) => {
                    tracing::warn!(user = %user.id, "can't renew a password hash: {error:#}");
                    None
                }
            },
        };
        let (amr, factor) = (amr(methods), factor.clone());
        Verified { version: user.password_version, renewed, amr, factor }
    }

    /// Hashes a new password for an existing account, if the policy accepts it.
    ///
    /// # Errors
    ///
    /// If the hashing queue is full. The inner error is the policy's sentence for the user.
    pub async fn hash_new(
        &self,
        password: Secret,
        user: &User,
    ) -> Result<Result<PhcHash, String>, PoolError> {
        let (policy, username) = (self.policy, Username::given(&user.username).ok());
        let check = move || Ok((policy.check(&password, username.as_ref())?, ()));
        Ok(self.pool.hash_checked(JobKind::Login, check).await?.map(|(hash, ())| hash))
    }
}

/// The methods of a password and a second factor (RFC 8176).
pub(crate) fn methods_with(factor: &FactorUse) -> Vec<Method> {
    vec![Method::Password, factor.into(), Method::MultipleFactors]
}

/// None if no password is right.
fn stored_hash(user: &User) -> anyhow::Result<Option<StoredHash>> {
    let hash = user.password_hash.expose();
    if is_unusable(hash) {
        return Ok(None);
    }
    StoredHash::parse(hash)
        .map(Some)
        .with_context(|| format!("the password hash of user {} is damaged", user.id))
}

/// Whether a proof from `auth_time`, in seconds since 1970, is still fresh. A time in the future is
/// not: the clock was wrong then, and nobody knows how old the proof is.
pub fn is_fresh(auth_time: i64, fresh_for: Duration, now: Timestamp) -> bool {
    let now = now.as_second();
    let lies_ahead = auth_time > now.saturating_add_unsigned(MAX_LEEWAY.as_secs());
    !lies_ahead && auth_time.saturating_add_unsigned(fresh_for.as_secs()) >= now
}
