use std::sync::Arc;

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::origin::{Caller, Origin};
use crate::store::{User, UserId};

impl Accounts {
    /// Forgets an account's failed attempts in a row. So its user may sign in from a new address
    /// again, however many guessed before.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`] if there is no such user.
    pub async fn unlock(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin<Caller>,
    ) -> Result<User, AccountError> {
        self.to_the_end(|accounts| async move {
            let found = accounts.store.user_by_id(user).await?.ok_or(AccountError::NotFound)?;
            let account = accounts.store.account_of(&found.username_key).await?;
            accounts.throttle.forgive(&account).await;
            Record::of(Event::AccountUnlocked, &origin).user(user).ok(&accounts.audit);
            Ok(found)
        })
        .await
    }
}
