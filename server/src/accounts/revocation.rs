//! What OAuth clients do with tokens, beside reading access tokens.

use std::sync::Arc;

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::client::Client;
use crate::sessions::RefreshToken;
use crate::store::{OauthClient, SessionId, UserId};
use crate::token::TokenKind;

impl Accounts {
    /// Whether this is the current refresh token of its session, and could be exchanged now.
    /// It is neither exchanged nor noted as used.
    pub async fn may_refresh(&self, token: &RefreshToken) -> Result<bool, AccountError> {
        let session = match self.session_of(token).await {
            Ok(session) => session,
            Err(AccountError::SessionEnded) => return Ok(false),
            Err(error) => return Err(error),
        };
        let is_current = token.generation >= session.generation;
        if !is_current || !session.is_live(self.clock.now()) {
            return Ok(false);
        }
        let authority = self.store.authority(session.id, session.user).await?;
        let may_sign_in = authority
            .user
            .is_some_and(|user| !user.disabled && !self.factor_policy.is_unmet(&user));
        Ok(authority.has_session && may_sign_in)
    }

    /// Ends the session of an access token or a refresh token, as its user would by signing out.
    /// A token that is nobody's, or has expired, changes nothing. Of a session that has ended, it
    /// waits until every server knows.
    ///
    /// # Errors
    ///
    /// If the store fails. Then the session may not have ended.
    pub async fn revoke_token(
        self: &Arc<Self>,
        token: &str,
        by: &OauthClient,
        from: Client,
    ) -> Result<(), AccountError> {
        let Some((user, session)) = self.session_to_end(token).await? else { return Ok(()) };
        let name = by.name.clone();
        self.to_the_end(|accounts| async move {
            accounts.store.end_session(session, accounts.moment()).await?;
            let record = Record::of_client(Event::TokenRevoked, &from).user(user);
            record.session(session).detail(format_args!("by {name}")).ok(&accounts.audit);
            Ok(())
        })
        .await
    }

    /// The session that a token belongs to, and its user if that is known.
    async fn session_to_end(
        &self,
        token: &str,
    ) -> Result<Option<(Option<UserId>, SessionId)>, AccountError> {
        if let Some(token) = RefreshToken::parse(token) {
            return match self.session_of(&token).await {
                Ok(session) => Ok(Some((Some(session.user), session.id))),
                // It may be that another server does not know yet.
                Err(AccountError::SessionEnded) => {
                    Ok(self.store.is_revoked(token.id).then_some((None, token.id)))
                }
                Err(error) => Err(error),
            };
        }
        let accepted = self.accept(token, self.clock.now()).await;
        // The cookie of a guarded site is none of a client's tokens.
        let accepted = accepted.ok().filter(|accepted| accepted.kind != TokenKind::Guard);
        let Some(accepted) = accepted else { return Ok(None) };
        let subject = accepted.claims.subject();
        Ok(subject.ok().map(|(user, session)| (Some(user), session)))
    }
}
