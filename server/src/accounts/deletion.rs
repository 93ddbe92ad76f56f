use std::sync::Arc;

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::origin::{Caller, Origin};
use crate::store::{User, UserId};

impl Accounts {
    /// Removes a user with all that belongs to them. By HTTP that is the caller's own account.
    pub async fn delete(
        self: &Arc<Self>,
        id: UserId,
        origin: Origin<Caller>,
    ) -> Result<User, AccountError> {
        self.to_the_end(|accounts| async move {
            let (by, at) = (origin.actor(false), accounts.moment());
            let deleted = accounts.store.delete_user(id, by, at).await;
            accounts.noted(Record::of(Event::UserDeleted, &origin).user(id), deleted)
        })
        .await
    }
}
