use std::cmp::Reverse;
use std::sync::Arc;

use super::Accounts;
use super::error::AccountError;
use crate::audit::{Event, Record};
use crate::origin::{Caller, Origin};
use crate::store::{EditUserError, Session, SessionId, UserId};

impl Accounts {
    /// The user's sessions, the one that was used last coming first.
    pub async fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, AccountError> {
        let mut sessions = self.store.sessions_of(user, self.clock.now()).await?;
        sessions.sort_by_key(|session| Reverse((session.refreshed_at, session.id)));
        Ok(sessions)
    }

    /// Ends all sessions of the caller but their own.
    pub async fn end_other_sessions(self: &Arc<Self>, caller: Caller) -> Result<(), AccountError> {
        self.to_the_end(|accounts| async move {
            let (by, at) = (caller.actor(false), accounts.moment());
            let ended = accounts.store.end_other_sessions(by, at).await;
            let ended = ended.map_err(|error| accounts.not_changed(error))?;
            let record = Record::of_caller(Event::SessionsEnded, &caller);
            record.detail(format_args!("{ended} others")).ok(&accounts.audit);
            Ok(())
        })
        .await
    }

    /// Ends one session of the caller, which may be the one in which they ask.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`] if it is not theirs, or has ended.
    pub async fn end_session(
        self: &Arc<Self>,
        caller: Caller,
        id: SessionId,
    ) -> Result<(), AccountError> {
        let session = self.store.session(id).await?;
        let own = session.filter(|session| session.user == caller.user.id);
        if !own.is_some_and(|session| session.is_live(self.clock.now())) {
            return Err(AccountError::NotFound);
        }
        self.to_the_end(|accounts| async move {
            accounts.store.end_session(id, accounts.moment()).await?;
            Record::of_caller(Event::SessionsEnded, &caller).session(id).ok(&accounts.audit);
            Ok(())
        })
        .await
    }

    /// The sessions of a user, as [`sessions_of`](Self::sessions_of), for an admin or an operator.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`] if there is no such user.
    pub async fn sessions_of_user(&self, user: UserId) -> Result<Vec<Session>, AccountError> {
        self.store.user_by_id(user).await?.ok_or(AccountError::NotFound)?;
        self.sessions_of(user).await
    }

    /// Ends all sessions of a user, and says how many.
    pub async fn end_sessions(
        self: &Arc<Self>,
        user: UserId,
        origin: Origin<Caller>,
    ) -> Result<usize, AccountError> {
        self.to_the_end(|accounts| async move {
            let (by, at) = (origin.actor(true), accounts.moment());
            let ended = accounts.store.end_sessions(user, by, at).await;
            let record = Record::of(Event::SessionsEnded, &origin).user(user);
            accounts.noted_all(record, ended)
        })
        .await
    }

    /// Ends one session of a user.
    ///
    /// # Errors
    ///
    /// Why it goes on, or that there is none.
    pub async fn end_session_of(
        self: &Arc<Self>,
        user: UserId,
        session: SessionId,
        origin: Origin<Caller>,
    ) -> Result<(), AccountError> {
        self.to_the_end(|accounts| async move {
            let (by, at) = (origin.actor(true), accounts.moment());
            let ended = accounts.store.end_session_of(user, session, by, at).await;
            let record = Record::of(Event::SessionsEnded, &origin).user(user).session(session);
            accounts.noted(record, ended)
        })
        .await
    }

    /// Ends the sessions of all users, and says how many. An admin's own ends, too.
    pub async fn end_all_sessions(
        self: &Arc<Self>,
        origin: Origin<Caller>,
    ) -> Result<usize, AccountError> {
        self.to_the_end(|accounts| async move {
            let (by, at) = (origin.actor(true), accounts.moment());
            let ended = accounts.store.end_all_sessions(by, at).await;
            accounts.noted_all(Record::of(Event::AllSessionsEnded, &origin), ended)
        })
        .await
    }

    /// Writes that all sessions ended, and how many.
    fn noted_all(
        &self,
        record: Record<'_>,
        ended: Result<usize, EditUserError>,
    ) -> Result<usize, AccountError> {
        let record = match &ended {
            Ok(ended) => record.detail(format_args!("all {ended}")),
            Err(_) => record,
        };
        self.noted(record, ended)
    }
}
