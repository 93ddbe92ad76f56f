//! Attempts to prove who somebody is: throttled before the account is looked up, counted after.

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::client::Client;
use crate::origin::Caller;
use crate::proof::{NotChecked, Proof, Proven};
use crate::store::User;
use crate::throttle::Attempt;

/// Ends an attempt with a second factor, once the store has had the last word.
pub(super) fn end_attempt<T>(attempt: Attempt<'_>, outcome: &Result<T, AccountError>) {
    match outcome {
        Ok(_) => attempt.succeeded(),
        Err(AccountError::NotProven) => attempt.failed(),
        Err(_) => drop(attempt),
    }
}

impl Accounts {
    /// Before the user is looked up: a refusal takes the same time whether or not there is such a
    /// user. All spellings of a name count as one.
    pub(super) async fn begin_attempt(
        &self,
        client: &Client,
        username_key: &str,
    ) -> Result<Attempt<'_>, AccountError> {
        let network = client.network().to_string();
        let known = async { Ok(self.store.is_known_address(username_key, &network).await?) };
        let account = self.store.account_of(username_key).await?;
        self.throttle.attempt(client.address, &account, known).await
    }

    /// Counts in the audit log what the throttle refused, and hands the result on.
    pub(super) fn noted_throttle<'r, T>(
        &self,
        admitted: Result<T, AccountError>,
        record: impl FnOnce() -> Record<'r>,
    ) -> Result<T, AccountError> {
        if let Err(AccountError::TooMany(_)) = &admitted {
            record().throttled(&self.audit);
        }
        admitted
    }

    /// What the proof says, if it is right and the user may sign in. No user, a disabled one and a
    /// wrong proof take the same time and count the same. A right password clears the failures in a
    /// row, unless the user has a second factor. If one was shown, the store has the last word, and
    /// the attempt is handed back until then.
    pub(super) async fn prove<'a>(
        &self,
        proof: &Proof,
        user: Option<User>,
        attempt: Attempt<'a>,
    ) -> Result<Option<(Proven, Option<Attempt<'a>>)>, AccountError> {
        let proven = match self.prover.check(proof, user, self.clock.now()).await {
            Ok(proven) => proven,
            Err(NotChecked::Hashing(error)) => {
                attempt.withdraw();
                return Err(error.into());
            }
            Err(damaged) => return Err(damaged.into()),
        };
        let proven = proven.filter(|proven| !proven.user.disabled);
        let Some(proven) = proven else {
            attempt.failed();
            return Ok(None);
        };
        if proven.factor.is_some() {
            return Ok(Some((proven, Some(attempt))));
        }
        match proven.lacks_factor() {
            true => attempt.half_done(),
            false => attempt.succeeded(),
        }
        Ok(Some((proven, None)))
    }

    /// What the proof says of somebody who is signed in and gives one again for `event`.
    pub(super) async fn prove_again(
        &self,
        caller: &Caller,
        proof: &Proof,
        event: Event,
    ) -> Result<(Proven, Option<Attempt<'_>>), AccountError> {
        let record = || Record::of_caller(event, caller);
        let attempt = self.begin_attempt(&caller.client, &caller.user.username_key).await;
        let attempt = self.noted_throttle(attempt, record)?;
        let proven = self.prove(proof, Some(User::clone(&caller.user)), attempt).await?;
        proven.ok_or_else(|| {
            record().refused(&self.audit, "invalid credentials");
            AccountError::NotProven
        })
    }
}
