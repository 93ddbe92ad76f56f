//! [`Store`] for PostgreSQL: each operation as a read or a write.

use std::io::Write;
use std::sync::{Arc, PoisonError};

use anyhow::{anyhow, ensure};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use hallpass_contract::Secret;
use jiff::Timestamp;
use tokio_postgres::Client;

use super::timeline::Timeline;
use super::{
    PostgresStore, addresses, audit, names, nodes, oauth_clients, operations, resets, restrictions,
    sessions, users,
};
use crate::clock::BootTime;
use crate::store::{
    Actor, AuditEntry, AuditId, AuditPage, AuditQuery, Authority, BackupError, BackupHead, Beside,
    Block, BlockId, Challenge, CreateUserError, EditUserError, Edited, FactorEdit, Lease, Moment,
    NewSession, OauthClient, OauthClientAdded, OpenReset, Refresh, ResetOffer, Restricted,
    Restrictions, Rotation, Session, SessionId, SharedFailures, Store, StoreCounts, StoreError,
    User, UserEdit, UserId, Users, Verified,
};

/// Expired sessions that are removed in one write.
const SWEEP_BATCH: i64 = 1000;

async fn user_by_name(db: &Client, username_key: String) -> anyhow::Result<Option<User>> {
    match names::find(db, &username_key).await? {
        Some(id) => users::get(db, id).await,
        None => Ok(None),
    }
}

async fn account_of(db: &Client, username_key: String) -> anyhow::Result<String> {
    names::account(db, &username_key).await
}

async fn looks_like_another(db: &Client, username: String) -> anyhow::Result<bool> {
    names::looks_like_another(db, &username).await
}

async fn find_users(
    db: &Client,
    part: String,
    after: Option<UserId>,
    limit: usize,
) -> anyhow::Result<Users> {
    users::page(db, Some(&part), after, limit).await
}

async fn is_known_address(
    db: &Client,
    username_key: String,
    address: String,
) -> anyhow::Result<bool> {
    let id = names::find(db, &username_key).await?.unwrap_or(UserId::NOBODY);
    Ok(addresses::of(db, id).await?.contains(&address))
}

async fn count(db: &Client) -> anyhow::Result<(u64, u64)> {
    let users = users::count(db, "SELECT count(*) FROM users").await?;
    Ok((users, users::count(db, "SELECT count(*) FROM sessions").await?))
}

async fn reset_offered(
    db: &Client,
    token_hash: [u8; 32],
    now: Timestamp,
) -> anyhow::Result<Option<User>> {
    resets::find(db, &token_hash, now).await
}

async fn oauth_client(
    db: &Client,
    name: String,
) -> anyhow::Result<(Option<OauthClient>, Timeline)> {
    oauth_clients::get(db, &name).await
}

/// Whether the database takes writes.
async fn check(db: &Client) -> anyhow::Result<()> {
    let row = db.query_typed_one("SELECT pg_is_in_recovery()", &[]).await?;
    ensure!(!row.try_get::<_, bool>(0)?, "the database is a standby and only answers reads");
    Ok(())
}

impl PostgresStore {
    /// Reads what must not be outdated. A primary that was replaced may not know it yet.
    async fn read_current<T: Send + 'static>(
        &self,
        read: impl for<'a> FnOnce(&'a Client) -> BoxFuture<'a, anyhow::Result<(T, Timeline)>>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        let timeline = self.shared.memory.timeline();
        let (read, found) = self.read(read).await.map_err(StoreError::out_of_touch)?;
        if found == timeline {
            return Ok(read);
        }
        // There was a fail-over. The next poll tells which side of it this is.
        self.shared.wake();
        let error = anyhow!("{found:?} of the database is not that of the last poll, {timeline:?}");
        Err(StoreError::OutOfTouch(error))
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn create_user(
        &self,
        user: User,
        address: Option<String>,
    ) -> Result<(), CreateUserError> {
        self.write(move |db| Box::pin(operations::create_user(db, user, address))).await?
    }

    async fn import_users(&self, users: Vec<User>) -> Result<Vec<bool>, StoreError> {
        self.write(move |db| Box::pin(operations::import_users(db, users))).await
    }

    async fn user_by_id(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(move |db| Box::pin(users::get(db, id))).await
    }

    async fn user_by_name(&self, username_key: &str) -> Result<Option<User>, StoreError> {
        let key = username_key.to_owned();
        self.read(move |db| Box::pin(user_by_name(db, key))).await
    }

    async fn account_of(&self, username_key: &str) -> Result<String, StoreError> {
        let key = username_key.to_owned();
        self.read(move |db| Box::pin(account_of(db, key))).await
    }

    async fn looks_like_another(&self, username: &str) -> Result<bool, StoreError> {
        let name = username.to_owned();
        self.read(move |db| Box::pin(looks_like_another(db, name))).await
    }

    async fn users(&self, after: Option<UserId>, limit: usize) -> Result<Users, StoreError> {
        self.read(move |db| Box::pin(users::page(db, None, after, limit))).await
    }

    async fn find_users(
        &self,
        part: &str,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Users, StoreError> {
        let part = part.to_owned();
        self.read(move |db| Box::pin(find_users(db, part, after, limit))).await
    }

    async fn edit_user(
        &self,
        id: UserId,
        edit: UserEdit,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<Edited, EditUserError> {
        self.write(move |db| Box::pin(operations::edit_user(db, id, edit, by, at))).await?
    }

    async fn delete_user(
        &self,
        id: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<User, EditUserError> {
        let delete = self.write(move |db| Box::pin(operations::delete_user(db, id, by, at)));
        let deleted = delete.await??;
        while self.write(move |db| Box::pin(operations::forget_addresses(db, id))).await? {}
        Ok(deleted)
    }

    async fn set_password(&self, id: UserId, new: Secret, at: Moment) -> Result<bool, StoreError> {
        self.write(move |db| Box::pin(operations::set_password(db, id, new, at))).await
    }

    async fn change_password(
        &self,
        by: Actor,
        version: u32,
        new: Secret,
        at: Moment,
    ) -> Result<(), EditUserError> {
        self.write(move |db| Box::pin(operations::change_password(db, by, version, new, at)))
            .await?
    }

    async fn change_factors(
        &self,
        by: Actor,
        edit: FactorEdit,
        at: Moment,
    ) -> Result<User, EditUserError> {
        self.write(move |db| Box::pin(operations::change_factors(db, by, edit, at))).await?
    }

    async fn remove_factors(
        &self,
        id: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<User, EditUserError> {
        self.write(move |db| Box::pin(operations::remove_factors(db, id, by, at))).await?
    }

    async fn count_answer(&self, challenge: Challenge) -> Result<bool, StoreError> {
        self.write(move |db| Box::pin(operations::count_answer(db, challenge))).await
    }

    async fn offer_reset(&self, offer: ResetOffer) -> Result<(), EditUserError> {
        self.write(move |db| Box::pin(operations::offer_reset(db, offer))).await?
    }

    async fn open_resets(&self, now: Timestamp) -> Result<Vec<OpenReset>, StoreError> {
        self.read(move |db| Box::pin(resets::list(db, now))).await
    }

    async fn withdraw_reset(
        &self,
        user: UserId,
        by: Option<Actor>,
        now: Timestamp,
    ) -> Result<(), EditUserError> {
        self.write(move |db| Box::pin(operations::withdraw_reset(db, user, by, now))).await?
    }

    async fn reset_offered(
        &self,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        self.read(move |db| Box::pin(reset_offered(db, token_hash, now))).await
    }

    async fn take_up_reset(
        &self,
        token_hash: [u8; 32],
        new: Secret,
        at: Moment,
    ) -> Result<Option<UserId>, StoreError> {
        self.write(move |db| Box::pin(operations::take_up_reset(db, token_hash, new, at))).await
    }

    async fn start_session(&self, new: NewSession) -> Result<Option<User>, StoreError> {
        self.write(move |db| Box::pin(operations::start_session(db, new))).await
    }

    async fn is_known_address(
        &self,
        username_key: &str,
        address: &str,
    ) -> Result<bool, StoreError> {
        let (key, address) = (username_key.to_owned(), address.to_owned());
        self.read(move |db| Box::pin(is_known_address(db, key, address))).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.read(move |db| Box::pin(sessions::get(db, id))).await
    }

    async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        self.read(move |db| Box::pin(sessions::live(db, user, now))).await
    }

    async fn refresh(&self, refresh: Refresh) -> Result<Rotation, StoreError> {
        self.write(move |db| Box::pin(operations::refresh(db, refresh))).await
    }

    async fn reauthenticate(
        &self,
        id: SessionId,
        verified: Verified,
        at: Moment,
    ) -> Result<Option<(Session, User)>, StoreError> {
        self.write(move |db| Box::pin(operations::reauthenticate(db, id, verified, at))).await
    }

    async fn end_session(&self, id: SessionId, at: Moment) -> Result<(), StoreError> {
        self.connections.end_session(id, at).await
    }

    async fn end_other_sessions(&self, by: Actor, at: Moment) -> Result<usize, EditUserError> {
        self.write(move |db| Box::pin(operations::end_other_sessions(db, by, at))).await?
    }

    async fn end_sessions(
        &self,
        user: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<usize, EditUserError> {
        self.write(move |db| Box::pin(operations::end_sessions(db, user, by, at))).await?
    }

    async fn end_session_of(
        &self,
        user: UserId,
        session: SessionId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<(), EditUserError> {
        self.write(move |db| Box::pin(operations::end_session_of(db, user, session, by, at)))
            .await?
    }

    async fn end_all_sessions(
        &self,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<usize, EditUserError> {
        self.write(move |db| Box::pin(operations::end_all_sessions(db, by, at))).await?
    }

    async fn set_registration(
        &self,
        is_open: bool,
        by: Option<Actor>,
    ) -> Result<(), EditUserError> {
        self.write(move |db| Box::pin(operations::set_registration(db, is_open, by))).await?
    }

    async fn add_block(&self, block: Block, by: Option<Actor>) -> Result<Block, EditUserError> {
        self.write(move |db| Box::pin(operations::add_block(db, block, by))).await?
    }

    async fn remove_block(
        &self,
        id: BlockId,
        by: Option<Actor>,
        now: Timestamp,
    ) -> Result<Block, EditUserError> {
        self.write(move |db| Box::pin(operations::remove_block(db, id, by, now))).await?
    }

    async fn add_oauth_client(&self, client: OauthClient) -> Result<OauthClientAdded, StoreError> {
        self.write(move |db| Box::pin(operations::add_oauth_client(db, client))).await
    }

    async fn oauth_clients(&self) -> Result<Vec<OauthClient>, StoreError> {
        self.read(|db| Box::pin(oauth_clients::list(db))).await
    }

    async fn oauth_client(&self, name: &str) -> Result<Option<OauthClient>, StoreError> {
        let name = name.to_owned();
        self.read_current(move |db| Box::pin(oauth_client(db, name))).await
    }

    async fn remove_oauth_client(&self, name: &str) -> Result<Option<OauthClient>, StoreError> {
        let name = name.to_owned();
        self.write(move |db| Box::pin(operations::remove_oauth_client(db, name))).await
    }

    async fn add_audit(&self, entries: Vec<AuditEntry>, most: u64) -> Result<(), StoreError> {
        self.write(move |db| Box::pin(operations::add_audit(db, entries, most))).await
    }

    async fn audit(&self, query: AuditQuery) -> Result<AuditPage, StoreError> {
        self.read(move |db| Box::pin(audit::page(db, query))).await
    }

    async fn sweep_audit(&self, before: Timestamp, most: u64) -> Result<usize, StoreError> {
        let (before, mut swept) = (AuditId::least(before), 0);
        loop {
            let sweep =
                self.write(move |db| Box::pin(operations::sweep_audit(db, before, most))).await?;
            swept += sweep;
            if sweep == 0 {
                return Ok(swept);
            }
        }
    }

    async fn restricted(&self) -> Result<Restricted, StoreError> {
        self.read(|db| Box::pin(restrictions::read(db))).await
    }

    fn restrictions(&self) -> Restrictions {
        self.shared.memory.restrictions()
    }

    fn is_revoked(&self, id: SessionId) -> bool {
        self.shared.memory.is_revoked(id)
    }

    fn user_version(&self, id: UserId) -> u64 {
        self.shared.memory.user_version(id)
    }

    fn lease(&self) -> Lease {
        self.shared.memory.lease()
    }

    async fn authority(&self, session: SessionId, user: UserId) -> Result<Authority, StoreError> {
        self.read_current(move |db| Box::pin(sessions::authority(db, session, user))).await
    }

    fn shared_failures(&self) -> Option<Arc<dyn SharedFailures>> {
        Some(Arc::clone(&self.failures) as _)
    }

    async fn sweep(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut swept = 0;
        loop {
            let removed = self
                .write(move |db| Box::pin(operations::sweep_sessions(db, now, SWEEP_BATCH)))
                .await?;
            swept += removed;
            if removed == 0 {
                break;
            }
        }
        self.write(move |db| Box::pin(operations::sweep_rest(db, now))).await?;
        self.shared.memory.forget_expired(now);
        Ok(swept)
    }

    async fn counts(&self) -> Result<StoreCounts, StoreError> {
        self.metrics.lease_left.set(self.shared.memory.lease_left_s(BootTime::now()));
        let (users, sessions) = self.read(|db| Box::pin(count(db))).await?;
        let (revoked, queue) = (self.shared.memory.revoked_count(), self.connections.waiting());
        Ok(StoreCounts { users, sessions, revoked: revoked as u64, queue: queue as u64 })
    }

    async fn back_up(
        &self,
        _beside: Beside,
        _out: Box<dyn Write + Send>,
    ) -> Result<BackupHead, BackupError> {
        Err(BackupError::OfPostgres)
    }

    async fn check(&self) -> Result<(), StoreError> {
        if !self.is_node {
            return self.read(|db| Box::pin(check(db))).await;
        }
        // Without a database, tokens that were seen before are verified until the lease ends.
        let ended = || StoreError::OutOfTouch(anyhow!("the last lease has ended"));
        self.lease().holds().then_some(()).ok_or_else(ended)
    }

    async fn leave(&self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(keeper) = keeper else { return };
        keeper.abort();
        // It must not take on another lease.
        let _ = keeper.await;
        self.shared.memory.distrust();
        let own = self.shared.own();
        if let Err(error) = self.read(move |db| Box::pin(nodes::unregister(db, own))).await {
            tracing::warn!(
                "other servers wait for this one for a lease, as if it were killed: {error:#}"
            );
        }
    }
}
