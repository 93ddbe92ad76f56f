//! Tries again what failed by a conflict, so that callers need not.

use std::io::Write;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass_contract::Secret;
use jiff::Timestamp;

use super::actor::Actor;
use super::audit::{AuditEntry, AuditPage, AuditQuery};
use super::backup::{BackupError, Beside, Head as BackupHead};
use super::challenge::Challenge;
use super::error::{CreateUserError, EditUserError, StoreError};
use super::factor_edit::FactorEdit;
use super::id::{BlockId, SessionId, UserId};
use super::lease::Lease;
use super::oauth_client::{OauthClient, OauthClientAdded};
use super::reset::{OpenReset, ResetOffer};
use super::restrictions::{Block, Restricted, Restrictions};
use super::session::{Authority, Moment, NewSession, Refresh, Rotation, Session, Verified};
use super::user::{Edited, User, UserEdit};
use super::{SharedFailures, Store, StoreCounts, Users};

/// How often an operation is tried at most. After that its conflict is the caller's.
const ATTEMPTS: usize = 5;

/// A store whose operations are tried again, at once, where another transaction came between. redb
/// needs it not: it makes one transaction after the other.
#[derive(Debug)]
pub struct Retrying<S>(pub S);

pub(super) async fn retry<T, E, F>(mut attempt: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    for<'a> &'a E: Into<Option<&'a StoreError>>,
{
    for _ in 1..ATTEMPTS {
        match attempt().await {
            Err(error) if matches!((&error).into(), Some(StoreError::Conflict(_))) => {
                tracing::debug!("trying again after a conflict");
            }
            done => return done,
        }
    }
    attempt().await
}

macro_rules! retrying {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        #[async_trait]
        impl<S: Store> Store for Retrying<S> {
            $(
                async fn $name(&self, $($argument: $type),*) -> $result {
                    retry(|| self.0.$name($(Clone::clone(&$argument)),*)).await
                }
            )*

            // It changes nothing, and can't begin its output again.
            async fn back_up(
                &self,
                beside: Beside,
                out: Box<dyn Write + Send>,
            ) -> Result<BackupHead, BackupError> {
                self.0.back_up(beside, out).await
            }

            fn is_revoked(&self, id: SessionId) -> bool {
                self.0.is_revoked(id)
            }

            fn restrictions(&self) -> Restrictions {
                self.0.restrictions()
            }

            fn user_version(&self, id: UserId) -> u64 {
                self.0.user_version(id)
            }

            fn lease(&self) -> Lease {
                self.0.lease()
            }

            async fn leave(&self) {
                self.0.leave().await;
            }

            fn shared_failures(&self) -> Option<Arc<dyn SharedFailures>> {
                self.0.shared_failures()
            }
        }
    };
}

retrying! {
    create_user(user: User, address: Option<String>) -> Result<(), CreateUserError>;
    import_users(users: Vec<User>) -> Result<Vec<bool>, StoreError>;
    user_by_id(id: UserId) -> Result<Option<User>, StoreError>;
    user_by_name(key: &str) -> Result<Option<User>, StoreError>;
    account_of(key: &str) -> Result<String, StoreError>;
    looks_like_another(name: &str) -> Result<bool, StoreError>;
    users(after: Option<UserId>, limit: usize) -> Result<Users, StoreError>;
    find_users(part: &str, after: Option<UserId>, limit: usize) -> Result<Users, StoreError>;
    edit_user(id: UserId, edit: UserEdit, by: Option<Actor>, at: Moment)
        -> Result<Edited, EditUserError>;
    delete_user(id: UserId, by: Option<Actor>, at: Moment) -> Result<User, EditUserError>;
    set_password(id: UserId, new: Secret, at: Moment) -> Result<bool, StoreError>;
    change_password(by: Actor, version: u32, new: Secret, at: Moment) -> Result<(), EditUserError>;
    change_factors(by: Actor, edit: FactorEdit, at: Moment) -> Result<User, EditUserError>;
    remove_factors(id: UserId, by: Option<Actor>, at: Moment) -> Result<User, EditUserError>;
    count_answer(challenge: Challenge) -> Result<bool, StoreError>;
    offer_reset(offer: ResetOffer) -> Result<(), EditUserError>;
    open_resets(now: Timestamp) -> Result<Vec<OpenReset>, StoreError>;
    withdraw_reset(id: UserId, by: Option<Actor>, now: Timestamp) -> Result<(), EditUserError>;
    reset_offered(hash: [u8; 32], now: Timestamp) -> Result<Option<User>, StoreError>;
    take_up_reset(hash: [u8; 32], new: Secret, at: Moment) -> Result<Option<UserId>, StoreError>;
    start_session(new: NewSession) -> Result<Option<User>, StoreError>;
    is_known_address(key: &str, address: &str) -> Result<bool, StoreError>;
    session(id: SessionId) -> Result<Option<Session>, StoreError>;
    sessions_of(user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError>;
    refresh(refresh: Refresh) -> Result<Rotation, StoreError>;
    reauthenticate(id: SessionId, verified: Verified, at: Moment)
        -> Result<Option<(Session, User)>, StoreError>;
    end_session(id: SessionId, at: Moment) -> Result<(), StoreError>;
    end_other_sessions(by: Actor, at: Moment) -> Result<usize, EditUserError>;
    end_sessions(user: UserId, by: Option<Actor>, at: Moment) -> Result<usize, EditUserError>;
    end_session_of(user: UserId, id: SessionId, by: Option<Actor>, at: Moment)
        -> Result<(), EditUserError>;
    end_all_sessions(by: Option<Actor>, at: Moment) -> Result<usize, EditUserError>;
    set_registration(is_open: bool, by: Option<Actor>) -> Result<(), EditUserError>;
    add_block(block: Block, by: Option<Actor>) -> Result<Block, EditUserError>;
    remove_block(id: BlockId, by: Option<Actor>, now: Timestamp) -> Result<Block, EditUserError>;
    add_oauth_client(client: OauthClient) -> Result<OauthClientAdded, StoreError>;
    oauth_clients() -> Result<Vec<OauthClient>, StoreError>;
    oauth_client(name: &str) -> Result<Option<OauthClient>, StoreError>;
    remove_oauth_client(name: &str) -> Result<Option<OauthClient>, StoreError>;
    add_audit(entries: Vec<AuditEntry>, most: u64) -> Result<(), StoreError>;
    audit(query: AuditQuery) -> Result<AuditPage, StoreError>;
    sweep_audit(before: Timestamp, most: u64) -> Result<usize, StoreError>;
    restricted() -> Result<Restricted, StoreError>;
    authority(session: SessionId, user: UserId) -> Result<Authority, StoreError>;
    sweep(now: Timestamp) -> Result<usize, StoreError>;
    counts() -> Result<StoreCounts, StoreError>;
    check() -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::anyhow;

    use super::*;

    /// The answer of an operation that fails like this the first few times, and how often it was
    /// tried.
    async fn tried<E>(failures: usize, error: impl Fn(anyhow::Error) -> E) -> (bool, usize)
    where
        for<'a> &'a E: Into<Option<&'a StoreError>>,
    {
        let tries = Cell::new(0);
        let attempt = async || {
            tries.set(tries.get() + 1);
            if tries.get() > failures { Ok(()) } else { Err(error(anyhow!("on purpose"))) }
        };
        (retry(attempt).await.is_ok(), tries.get())
    }

    #[tokio::test]
    async fn a_conflict_is_tried_again_a_few_times_and_nothing_else_is() {
        assert_eq!(tried(0, StoreError::Conflict).await, (true, 1));
        assert_eq!(tried(4, StoreError::Conflict).await, (true, 5));
        assert_eq!(tried(5, StoreError::Conflict).await, (false, 5));
        assert_eq!(tried(1, StoreError::Unavailable).await, (false, 1));
        assert_eq!(tried(1, StoreError::Damaged).await, (false, 1));
        let of_edit = |error| EditUserError::Store(StoreError::Conflict(error));
        assert_eq!(tried(1, of_edit).await, (true, 2));
        assert_eq!(tried(1, |_| EditUserError::NotFound).await, (false, 1));
        let of_creation = |error| CreateUserError::Store(StoreError::Conflict(error));
        assert_eq!(tried(1, of_creation).await, (true, 2));
        assert_eq!(tried(1, |_| CreateUserError::NameTaken).await, (false, 1));
    }
}
