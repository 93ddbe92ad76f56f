//! Who somebody is, and how surely: a proof is what they show. Today it is a password. A passkey or
//! a one-time code joins as another [`Proof`]; what comes after works with what was [`Proven`].

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

/// What a right proof says.
#[derive(Clone, Debug)]
pub struct Proven {
    /// Who gave it, as the store had them before.
    pub user: User,
    /// How.
    pub methods: Vec<Method>,
    /// The password's hash is cheaper than today's, or another system's. It is to be made anew.
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

/// Why a proof was not checked.
#[derive(Debug, thiserror::Error)]
pub enum NotChecked {
    /// The hashing threads did not do the work.
    #[error(transparent)]
    Hashing(#[from] PoolError),
    /// The user's record is damaged.
    #[error(transparent)]
    Damaged(#[from] anyhow::Error),
}

/// Checks proofs, and makes the hashes that new passwords are kept as.
#[derive(Debug)]
pub struct Prover {
    /// Hashes and verifies passwords.
    pub pool: Pool,
    /// What a new password must be.
    pub policy: Policy,
}

impl Prover {
    /// What the proof says, if it is the user's. Without a user the answer is none and takes just
    /// as long.
    ///
    /// # Errors
    ///
    /// If it can't be checked now.
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

    /// What the store is to note of a right proof, with a new hash in the place of an outdated one.
    /// The proof stands whether or not that could be made; the next login tries again.
    pub async fn verified(&self, proof: &Proof, proven: &Proven) -> Verified {
        let (Proof::Password(password), Proven { user, methods, outdated }) = (proof, proven);
        // What we would not take as a new password stays as another system hashed it.
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

    /// Hashes a new password for an account that is there, if the policy accepts it.
    ///
    /// # Errors
    ///
    /// If the hashing queue is full; inside, a sentence that tells a person what to do.
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

/// Whether a proof that was given at `auth_time`, in seconds since 1970, still counts. A time ahead
/// of now does not: the clock was wrong then, and nobody knows how long ago it was.
pub fn is_fresh(auth_time: i64, fresh_for: Duration, now: Timestamp) -> bool {
    let now = now.as_second();
    let lies_ahead = auth_time > now.saturating_add_unsigned(MAX_LEEWAY.as_secs());
    !lies_ahead && auth_time.saturating_add_unsigned(fresh_for.as_secs()) >= now
}
