use std::sync::Arc;

use hallpass_contract::Secret;

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::origin::Caller;
use crate::proof::Proof;
use crate::store::{EditUserError, User};

impl Accounts {
    /// Sets the caller's own password; their other sessions end.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotProven`] if the proof is wrong, or why the new password is refused.
    pub async fn change_password(
        self: &Arc<Self>,
        caller: Caller,
        proof: Proof,
        new: Secret,
    ) -> Result<(), AccountError> {
        let event = Event::PasswordChange;
        self.prove_again(&caller, &proof, event).await?;
        let hash = self.prover.hash_new(new, &caller.user).await?.map_err(|message| {
            Record::of_caller(event, &caller).refused(&self.audit, "a rule is broken");
            AccountError::broken_rule("new_password", message)
        })?;
        self.to_the_end(|accounts| async move {
            let (by, version) = (caller.actor(false), caller.user.password_version);
            let (store, at) = (&accounts.store, accounts.moment());
            let changed = store.change_password(by, version, hash.to_phc(), at).await;
            accounts.noted(Record::of_caller(event, &caller), changed)
        })
        .await
    }

    /// Sets a user's password for an operator; the user's sessions end.
    ///
    /// # Errors
    ///
    /// Why the new password is refused, or that the user is not there any more.
    pub async fn set_password(
        self: &Arc<Self>,
        user: User,
        new: Secret,
    ) -> Result<User, AccountError> {
        let hashed = self.prover.hash_new(new, &user).await?;
        let hash = hashed.map_err(|message| AccountError::broken_rule("password", message))?;
        self.to_the_end(|accounts| async move {
            let new = hash.to_phc();
            if !accounts.store.set_password(user.id, new, accounts.moment()).await? {
                return Err(accounts.not_changed(EditUserError::NotFound));
            }
            accounts.forgive(&user).await;
            Record::of_operator(Event::PasswordChange).user(user.id).ok(&accounts.audit);
            Ok(user)
        })
        .await
    }

    /// Forgets the user's failed attempts in a row, after a new password was set.
    pub(super) async fn forgive(&self, user: &User) {
        match self.store.account_of(&user.username_key).await {
            Ok(account) => self.throttle.forgive(&account).await,
            Err(error) => {
                tracing::error!(user = %user.id, "failed logins still count: {error:#}");
            }
        }
    }
}
