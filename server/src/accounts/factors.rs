//! The second factors of an account: setting them up, and taking them away.

use std::sync::Arc;

use hallpass_contract::Secret;

use super::Accounts;
use super::error::AccountError;
use super::sign_in::SignedIn;
use crate::audit::{Event, Record};
use crate::metrics::LoginEnd;
use crate::origin::{Caller, Origin};
use crate::proof::factors::{NewTotp, new_codes, new_totp};
use crate::proof::{Method, amr};
use crate::store::{EditUserError, FactorChange, FactorEdit, Factors, User, UserId};

impl Accounts {
    /// The caller's factors as they are now.
    ///
    /// # Errors
    ///
    /// If the user is gone.
    pub async fn factors(&self, caller: &Caller) -> Result<Factors, AccountError> {
        Ok(self.as_they_are(caller).await?.factors)
    }

    pub(super) async fn change_factors(
        &self,
        caller: &Caller,
        change: FactorChange,
    ) -> Result<User, EditUserError> {
        let edit = FactorEdit { change, policy: self.factor_policy, starts: None };
        self.store.change_factors(caller.actor(false), edit, self.moment()).await
    }

    /// Adds a factor, which the caller has just shown by `method`. If the caller's session is for
    /// setting up the first one, they get a session like that of a login, and all others end.
    pub(super) async fn add_factor(
        &self,
        caller: &Caller,
        change: FactorChange,
        method: Method,
        event: Event,
    ) -> Result<Option<SignedIn>, AccountError> {
        let (at, policy) = (self.moment(), self.factor_policy);
        let starts = if caller.setup {
            let amr = amr(&[Method::Password, method, Method::MultipleFactors]);
            let agent = caller.client.user_agent.clone();
            Some(self.sessions.begin(caller.user.id, amr, agent, at)?)
        } else {
            None
        };
        let edit = FactorEdit { change, policy, starts: starts.clone() };
        let changed = self.store.change_factors(caller.actor(false), edit, at).await;
        let user = self.noted(Record::of_caller(event, caller), changed)?;
        let Some(session) = starts else { return Ok(None) };
        let record = Record::of_client(Event::Login, &caller.client).user(user.id);
        record.session(session.id).detail("by the factor that was set up").ok(&self.audit);
        self.logins.begin().ended(LoginEnd::Ok);
        self.signed_in(user, &session).map(Some)
    }

    /// The caller, read anew: what is cached does not know which codes were used.
    pub(super) async fn as_they_are(&self, caller: &Caller) -> Result<User, AccountError> {
        let user = self.store.user_by_id(caller.user.id).await?;
        user.ok_or(AccountError::SessionEnded)
    }

    /// Makes a secret for one-time codes. They count once the caller has shown one.
    pub async fn begin_totp(self: &Arc<Self>, caller: Caller) -> Result<NewTotp, AccountError> {
        let (sealer, names) =
            (self.prover.factors.secrets()?, (&*self.factor_issuer, &*caller.user.username));
        let (shown, totp) = new_totp(&sealer, caller.user.id, names, self.clock.now())?;
        self.to_the_end(|accounts| async move {
            let change = FactorChange::BeginTotp(totp);
            let changed = accounts.change_factors(&caller, change).await;
            changed.map_err(|error| accounts.not_changed(error))?;
            Ok(shown)
        })
        .await
    }

    /// Takes the secret into use that was made last, and makes recovery codes. Signs the caller in,
    /// if they had to set up a second factor first.
    ///
    /// # Errors
    ///
    /// [`AccountError::BrokenRules`] if it is no code of that secret.
    pub async fn confirm_totp(
        self: &Arc<Self>,
        caller: Caller,
        code: &Secret,
    ) -> Result<(Vec<Secret>, Option<SignedIn>), AccountError> {
        let record = Record::of_caller(Event::TotpAdded, &caller);
        let attempt = self.begin_attempt(&caller.client, &caller.user.username_key).await;
        let attempt = self.noted_throttle(attempt, || record.clone())?;
        let user = self.as_they_are(&caller).await?;
        if user.factors.pending_totp.is_none() {
            attempt.withdraw();
            let message = "Begin anew: the server has made no secret that waits for a code.";
            return Err(AccountError::broken_rule("code", message));
        }
        let now = self.clock.now();
        let Some((created_at, step)) = self.prover.factors.check_pending(code, &user, now)? else {
            attempt.failed();
            record.refused(&self.audit, "wrong one-time code");
            let message = "This is not the code that your app shows now; try the next one.";
            return Err(AccountError::broken_rule("code", message));
        };
        drop(attempt);
        let (codes, recovery_codes) = new_codes()?;
        self.to_the_end(|accounts| async move {
            let change = FactorChange::ConfirmTotp { created_at, step, recovery_codes };
            let (method, event) = (Method::OneTimeCode, Event::TotpAdded);
            Ok((codes, accounts.add_factor(&caller, change, method, event).await?))
        })
        .await
    }

    /// Takes the caller's one-time codes away.
    pub async fn remove_totp(self: &Arc<Self>, caller: Caller) -> Result<(), AccountError> {
        self.to_the_end(|accounts| async move {
            let change = FactorChange::RemoveTotp;
            let changed = accounts.change_factors(&caller, change).await;
            accounts.noted(Record::of_caller(Event::TotpRemoved, &caller), changed.map(drop))
        })
        .await
    }

    /// Makes new recovery codes. The old ones are void.
    pub async fn renew_recovery_codes(
        self: &Arc<Self>,
        caller: Caller,
    ) -> Result<Vec<Secret>, AccountError> {
        let (codes, stored) = new_codes()?;
        self.to_the_end(|accounts| async move {
            let change = FactorChange::NewRecoveryCodes(stored);
            let changed = accounts.change_factors(&caller, change).await;
            let record = Record::of_caller(Event::RecoveryCodesMade, &caller);
            accounts.noted(record, changed.map(drop))?;
            Ok(codes)
        })
        .await
    }

    /// Takes all factors from a user who has lost them. Their sessions end.
    ///
    /// # Errors
    ///
    /// Why they still have them.
    pub async fn reset_factors(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin<Caller>,
    ) -> Result<User, AccountError> {
        self.to_the_end(|accounts| async move {
            let (by, at) = (origin.actor(true), accounts.moment());
            let removed = accounts.store.remove_factors(user, by, at).await;
            accounts.noted(Record::of(Event::FactorsReset, &origin).user(user), removed)
        })
        .await
    }
}
