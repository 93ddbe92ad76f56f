use std::sync::Arc;

use super::Accounts;
use super::error::AccountError;
use super::sign_in::SignedIn;
use crate::audit::{Event, Record};
use crate::client::Client;
use crate::sessions::RefreshToken;
use crate::store::{Refresh, Rotation, Session};

impl Accounts {
    /// The session whose refresh token this is or was.
    ///
    /// # Errors
    ///
    /// [`AccountError::SessionEnded`] if there is none.
    pub async fn session_of(&self, token: &RefreshToken) -> Result<Session, AccountError> {
        let session = self.store.session(token.id).await?;
        let own = session.filter(|session| self.sessions.is_authentic(token, session));
        own.ok_or(AccountError::SessionEnded)
    }

    /// Exchanges a refresh token for the next one (RFC 6749 section 6). One that was used before
    /// ends its session, unless its answer may have been lost.
    ///
    /// # Errors
    ///
    /// [`AccountError::SessionEnded`] if the token is nobody's, or not any more.
    pub async fn refresh(
        self: &Arc<Self>,
        token: RefreshToken,
        client: Client,
    ) -> Result<SignedIn, AccountError> {
        let session = self.session_of(&token).await?;
        let refresh = Refresh {
            id: session.id,
            generation: token.generation,
            at: self.moment(),
            lifetimes: self.sessions.lifetimes(),
            user_agent: client.user_agent.clone(),
        };
        self.to_the_end(|accounts| async move {
            let rotation = accounts.store.refresh(refresh).await?;
            accounts.count(&rotation);
            let record =
                |event| Record::of_client(event, &client).user(session.user).session(session.id);
            let (session, user, detail) = match rotation {
                Rotation::Rotated(session, user) => (session, user, None),
                Rotation::Raced(session, user) => (session, user, Some("second of two that raced")),
                Rotation::Resent(session, user) => {
                    (session, user, Some("the answer before was lost"))
                }
                Rotation::Reused => {
                    record(Event::RefreshReuse).refused(&accounts.audit, "the session has ended");
                    return Err(AccountError::SessionEnded);
                }
                Rotation::Gone => return Err(AccountError::SessionEnded),
            };
            let refreshed = record(Event::Refresh);
            accounts.demand_factor(&user, session.id, &refreshed).await?;
            refreshed.detail_if_any(detail).routine(&accounts.audit);
            accounts.signed_in(user, &session)
        })
        .await
    }

    fn count(&self, rotation: &Rotation) {
        match rotation {
            Rotation::Rotated(..) => &self.refreshes.rotated,
            Rotation::Raced(..) => &self.refreshes.raced,
            Rotation::Resent(..) => &self.refreshes.resent,
            Rotation::Reused => &self.refreshes.reused,
            Rotation::Gone => &self.refreshes.gone,
        }
        .inc();
    }
}
