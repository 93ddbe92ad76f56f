use std::sync::Arc;

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::client::Client;
use crate::store::{SessionId, UserId};

impl Accounts {
    /// Ends the sessions of whoever signs out: that of an access token, of a refresh token, or
    /// both.
    pub async fn sign_out(
        self: &Arc<Self>,
        sessions: Vec<(UserId, SessionId)>,
        client: Client,
    ) -> Result<(), AccountError> {
        self.to_the_end(|accounts| async move {
            for (user, session) in sessions {
                accounts.store.end_session(session, accounts.moment()).await?;
                let record = Record::of_client(Event::Logout, &client).user(user);
                record.session(session).ok(&accounts.audit);
            }
            Ok(())
        })
        .await
    }
}
