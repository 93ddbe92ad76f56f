//! Checks who somebody is. A [`Proof`] is what they show: today a password, later perhaps a passkey
//! or a one-time code. [`Proven`] says what a right proof showed, whatever its kind.

pub mod password;

use std::time::Duration;

use anyhow::Context as _;
use hallpass_contract::Secret;
use jiff::Timestamp;

use crate::store::{User, Verified};
use crate::token::MAX_LEEWAY;
use crate::username::Username;
use password::{JobKind, Password, PhcHash, Policy, Pool, PoolError, StoredHash, Verdict};

/// What somebody shows to prove who they are.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A password, as it was typed.
    Password(Secret),
}

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Method {
    /// By a password.
    Password,
}

/// What a right proof shows.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The user who gave it, as the store had them before the check.
    pub user: User,
    /// How they proved it.
    pub methods: Vec<Method>,
    /// Whether the password's hash must be made anew: it is cheaper than today's, or another system
    /// made it.
    pub outdated: bool,
}

impl Method {
    /// Its name in the `amr` claim (RFC 8176 section 2).
    pub fn amr(self) -> &'static str {
        match self {
            Self::Password => "pwd",
        }
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
}

impl Prover {
    /// Checks a proof. Returns what it shows, or none if it is wrong. Without a user the answer is
    /// none, too, and takes just as long.
    pub async fn check(
        &self,
        proof: &Proof,
        user: Option<User>,
    ) -> Result<Option<Proven>, NotChecked> {
        let Proof::Password(password) = proof;
        let stored = user.as_ref().map(stored_hash).transpose()?;
        let Verdict { matches, outdated } = self.pool.verify(password, stored.as_ref()).await?;
        Ok(user.filter(|_| matches).map(|user| Proven {
            user,
            methods: vec![Method::Password],
            outdated,
        }))
    }

    /// What the store must note after a right proof. An outdated hash gets a new one. If that
    /// fails, the proof still counts, and the next login tries again.
    pub async fn verified(&self, proof: &Proof, proven: &Proven) -> Verified {
        let (Proof::Password(password), Proven { user, methods, outdated }) = (proof, proven);
        // If today's rules would refuse the password, the other system's hash stays.
        let outdated = Password::prepare(password).ok().filter(|_| *outdated);
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
        let amr = methods.iter().map(|method| method.amr().to_owned()).collect();
        Verified { version: user.password_version, renewed, amr }
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
        let (policy, username) = (self.policy, Username::parse(&user.username).ok());
        let check = move || Ok((policy.check(&password, username.as_ref())?, ()));
        Ok(self.pool.hash_checked(JobKind::Login, check).await?.map(|(hash, ())| hash))
    }
}

fn stored_hash(user: &User) -> anyhow::Result<StoredHash> {
    StoredHash::parse(user.password_hash.expose())
        .with_context(|| format!("the password hash of user {} is damaged", user.id))
}

/// Whether a proof from `auth_time`, in seconds since 1970, is still fresh. A time in the future is
/// not: the clock was wrong then, and nobody knows how old the proof is.
pub fn is_fresh(auth_time: i64, fresh_for: Duration, now: Timestamp) -> bool {
    let now = now.as_second();
    let lies_ahead = auth_time > now.saturating_add_unsigned(MAX_LEEWAY.as_secs());
    !lies_ahead && auth_time.saturating_add_unsigned(fresh_for.as_secs()) >= now
}
