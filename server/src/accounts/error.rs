use std::time::Duration;

use hallpass_contract::Secret;

use super::hazard::Hazard;
use crate::keys::KeyChangeError;
use crate::proof::NotChecked;
use crate::proof::factors::{FactorKind, Options};
use crate::proof::password::PoolError;
use crate::store::{BackupError, EditUserError, StoreError};
use crate::throttle::RetryAfter;

/// Why a use case was refused, or failed. Shown, it is a phrase for an operator.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Nobody may register.
    #[error("registration is closed")]
    RegistrationClosed,
    /// Another account has the name.
    #[error("the username is taken")]
    NameTaken,
    /// What was given breaks rules.
    #[error("{}", first_phrase(.0))]
    BrokenRules(Vec<BrokenRule>),
    /// There were too many attempts.
    #[error("too many attempts")]
    TooMany(RetryAfter),
    /// The proof is wrong, or nobody may sign in with it. Which of them is not told.
    #[error("invalid credentials")]
    NotProven,
    /// The password is right, and a second factor has to be shown.
    #[error("a second factor is needed")]
    FactorNeeded {
        /// What to answer it with; none where the password is to be sent again with it.
        challenge: Option<Secret>,
        /// Of which kinds it may be.
        kinds: Vec<FactorKind>,
        /// What a browser needs to use a passkey.
        options: Option<Options>,
    },
    /// The server is known by an IP address, for which browsers have no passkeys.
    #[error("there are no passkeys for an IP address")]
    NoPasskeys,
    /// The challenge has expired, was answered, or was answered wrongly too often.
    #[error("the sign-in took too long, or had too many wrong codes")]
    ChallengeOver,
    /// The session has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// There is no such thing.
    #[error("there is no such thing")]
    NotFound,
    /// The reset link was used, has expired, or never was one.
    #[error("the link is not valid")]
    LinkNotValid,
    /// The account was not changed.
    #[error("{error}")]
    NotChanged {
        /// Why.
        error: EditUserError,
        /// How long a proof counts as fresh.
        fresh_for: Duration,
    },
    /// A block may shut out whoever asks for it. Nothing was done.
    #[error(transparent)]
    Hazard(#[from] Hazard),
    /// Passwords can't be hashed now.
    #[error(transparent)]
    Hashing(#[from] PoolError),
    /// The signing key was not replaced.
    #[error(transparent)]
    Keys(#[from] KeyChangeError),
    /// No backup was made.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something else failed.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

/// A rule that is broken by something that was given.
#[derive(Debug)]
pub struct BrokenRule {
    /// What was given, such as `username`.
    pub what: &'static str,
    /// What to do about it: a sentence for a person.
    pub message: String,
}

impl AccountError {
    /// One thing that was given breaks a rule.
    pub(super) fn broken_rule(what: &'static str, message: impl Into<String>) -> Self {
        Self::BrokenRules(vec![BrokenRule { what, message: message.into() }])
    }
}

impl From<RetryAfter> for AccountError {
    fn from(wait: RetryAfter) -> Self {
        Self::TooMany(wait)
    }
}

impl From<NotChecked> for AccountError {
    fn from(error: NotChecked) -> Self {
        match error {
            NotChecked::Hashing(error) => error.into(),
            NotChecked::Damaged(error) => error.into(),
        }
    }
}

fn first_phrase(broken: &[BrokenRule]) -> String {
    phrase(broken.first().map_or_else(String::new, |rule| rule.message.clone()))
}

/// What forms show as a sentence, as the rest of a line.
pub(super) fn phrase(mut sentence: String) -> String {
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    if sentence.ends_with('.') {
        sentence.pop();
    }
    sentence
}
