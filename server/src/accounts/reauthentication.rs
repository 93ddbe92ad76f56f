use std::sync::Arc;

use super::Accounts;
use super::error::AccountError;
use super::proving::end_attempt;
use super::sign_in::{Access, shown_by};
use crate::audit::{Event, Record};
use crate::origin::Caller;
use crate::proof::Proof;
use crate::store::Verified;
use crate::token::UseFor;

impl Accounts {
    /// Notes that the caller gave a proof again, so that their session is fresh.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotProven`], [`AccountError::FactorNeeded`] if a password came alone, or
    /// [`AccountError::SessionEnded`] if it ended meanwhile.
    pub async fn reauthenticate(
        self: &Arc<Self>,
        caller: Caller,
        proof: Proof,
    ) -> Result<Access, AccountError> {
        let (proven, attempt) = self.prove_again(&caller, &proof, Event::Reauthentication).await?;
        if proven.lacks_factor() {
            Record::of_caller(Event::FactorAsked, &caller).ok(&self.audit);
            let kinds = self.prover.factors.kinds_of(&proven.user);
            return Err(AccountError::FactorNeeded { challenge: None, kinds, options: None });
        }
        let verified = self.prover.verified(&proof, &proven).await;
        let renewed = self.renew(caller, verified).await;
        if let Some(attempt) = attempt {
            end_attempt(attempt, &renewed);
        }
        renewed
    }

    /// Makes the caller's session fresh, unless what was shown does not count any more.
    pub(super) async fn renew(
        self: &Arc<Self>,
        caller: Caller,
        verified: Verified,
    ) -> Result<Access, AccountError> {
        let renewing = self.to_the_end(|accounts| async move {
            let by = shown_by(&verified);
            let record = Record::of_caller(Event::Reauthentication, &caller);
            let (store, at) = (&accounts.store, accounts.moment());
            let renewed = store.reauthenticate(caller.session, verified, at).await?;
            let Some((session, user)) = renewed else {
                if store.session(caller.session).await?.is_some() {
                    record.refused(
                        &accounts.audit,
                        "the password was changed meanwhile, or the code was used",
                    );
                    return Err(AccountError::NotProven);
                }
                record.refused(&accounts.audit, "the session has ended");
                return Err(AccountError::SessionEnded);
            };
            accounts.demand_factor(&user, session.id, &record).await?;
            record.detail_if_any(by).ok(&accounts.audit);
            accounts.access(UseFor::Access, user, &session)
        });
        renewing.await
    }
}
