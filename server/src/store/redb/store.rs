//! [`Store`] for redb: each operation as a read or a write.

use std::io::Write;
use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use hallpass_contract::Secret;
use jiff::Timestamp;
use redb::{Database, ReadableDatabase as _, ReadableTableMetadata as _};

use super::changes::{apply, apply_unless_refused};
use super::failure::kind_of;
use super::tables::{ADDRESSES, LOOKS, OAUTH_CLIENTS, RESETS, SESSIONS, USER_IDS_BY_NAME, USERS};
use super::{
    RedbStore, addresses, audit, backup, challenges, load, names, oauth_clients, resets,
    restrictions, sessions, users,
};
use crate::priority;
use crate::store::rules;
use crate::store::{
    Actor, AuditEntry, AuditId, AuditPage, AuditQuery, Authority, BackupError, BackupHead, Beside,
    Block, BlockId, Challenge, CreateUserError, EditUserError, Edited, FactorEdit, Lease, Moment,
    NewSession, OauthClient, OauthClientAdded, OpenReset, Refresh, ResetOffer, Restricted,
    Restrictions, Rotation, Session, SessionId, Store, StoreCounts, StoreError, User, UserEdit,
    UserId, Users, Verified,
};

/// Expired sessions that are removed in one write, so that no other write waits long.
pub(super) const SWEEP_BATCH: usize = 1000;

fn read_user(db: &Database, id: UserId) -> anyhow::Result<Option<User>> {
    users::get(&db.begin_read()?.open_table(USERS)?, id)
}

fn read_user_id(db: &Database, username_key: &str) -> anyhow::Result<Option<UserId>> {
    names::in_read(&db.begin_read()?)?.find(username_key)
}

// Reads go to redb on the caller's thread: they never wait for the writer, and take microseconds
// as long as the page is in redb's cache or the system's.
#[async_trait]
impl Store for RedbStore {
    async fn create_user(
        &self,
        user: User,
        address: Option<String>,
    ) -> Result<(), CreateUserError> {
        self.write(move |txn| {
            let name = load::name_check(txn, &user)?;
            apply_unless_refused(txn, rules::register(user, address, name))
        })
        .await?
    }

    async fn import_users(&self, users: Vec<User>) -> Result<Vec<bool>, StoreError> {
        let import = |txn: &_, user: User| {
            let is_taken = names::is_taken(txn, &user.username_key)?;
            Ok(apply(txn, rules::import(user, is_taken))?.answer)
        };
        self.writer
            .write(move |txn| users.into_iter().map(|user| import(txn, user)).collect())
            .await
    }

    async fn user_by_id(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(|db| read_user(db, id))
    }

    async fn user_by_name(&self, username_key: &str) -> Result<Option<User>, StoreError> {
        self.read(|db| read_user_id(db, username_key)?.map_or(Ok(None), |id| read_user(db, id)))
    }

    async fn account_of(&self, username_key: &str) -> Result<String, StoreError> {
        self.read(|db| names::in_read(&db.begin_read()?)?.account(username_key))
    }

    async fn looks_like_another(&self, username: &str) -> Result<bool, StoreError> {
        self.read(|db| {
            let txn = db.begin_read()?;
            let (names, looks) = (txn.open_table(USER_IDS_BY_NAME)?, txn.open_table(LOOKS)?);
            names::looks_like_another(&names, &looks, username)
        })
    }

    async fn users(&self, after: Option<UserId>, limit: usize) -> Result<Users, StoreError> {
        self.read(|db| users::page(&db.begin_read()?.open_table(USERS)?, after, limit))
    }

    async fn find_users(
        &self,
        part: &str,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Users, StoreError> {
        let (db, part) = (Arc::clone(&self.db), part.to_owned());
        let find = move || {
            db.with(|db| {
                let txn = db.begin_read()?;
                let ids = names::holding(&txn.open_table(USER_IDS_BY_NAME)?, &part, after)?;
                users::page_of(&txn.open_table(USERS)?, &ids, limit)
            })
        };
        // It looks at all names, which takes a while where there are many.
        let found = tokio::task::spawn_blocking(find).await.context("the search panicked");
        found.flatten().map_err(kind_of)
    }

    async fn edit_user(
        &self,
        id: UserId,
        edit: UserEdit,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<Edited, EditUserError> {
        self.write(move |txn| {
            let (by, user, admins) =
                (load::asker_if_any(txn, by)?, load::user(txn, id)?, load::admins(txn)?);
            apply_unless_refused(txn, rules::edit(by.as_ref(), user, edit, admins, at))
        })
        .await?
    }

    async fn delete_user(
        &self,
        id: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<User, EditUserError> {
        let delete = self.write(move |txn| {
            let (by, user, admins) =
                (load::asker_if_any(txn, by)?, load::user(txn, id)?, load::admins(txn)?);
            apply_unless_refused(txn, rules::delete(by.as_ref(), user, admins, at))
        });
        let deleted = delete.await??;
        let mut after = None;
        loop {
            let forget = move |txn: &_| audit::forget_addresses(txn, id, after);
            after = self.writer.write(forget).await?;
            if after.is_none() {
                return Ok(deleted);
            }
        }
    }

    async fn set_password(&self, id: UserId, new: Secret, at: Moment) -> Result<bool, StoreError> {
        self.write(move |txn| apply(txn, rules::set_password(load::user(txn, id)?, new, at))).await
    }

    async fn change_password(
        &self,
        by: Actor,
        version: u32,
        new: Secret,
        at: Moment,
    ) -> Result<(), EditUserError> {
        self.write(move |txn| {
            let by = load::asker(txn, by)?;
            apply_unless_refused(txn, rules::change_password(&by, version, new, at))
        })
        .await?
    }

    async fn change_factors(
        &self,
        by: Actor,
        edit: FactorEdit,
        at: Moment,
    ) -> Result<User, EditUserError> {
        self.write(move |txn| {
            let by = load::asker(txn, by)?;
            apply_unless_refused(txn, rules::change_factors(&by, edit, at))
        })
        .await?
    }

    async fn remove_factors(
        &self,
        id: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<User, EditUserError> {
        self.write(move |txn| {
            let (by, user) = (load::asker_if_any(txn, by)?, load::user(txn, id)?);
            apply_unless_refused(txn, rules::remove_factors(by.as_ref(), user, at))
        })
        .await?
    }

    async fn count_answer(&self, challenge: Challenge) -> Result<bool, StoreError> {
        self.writer.write(move |txn| challenges::count(txn, challenge)).await
    }

    async fn offer_reset(&self, offer: ResetOffer) -> Result<(), EditUserError> {
        self.write(move |txn| {
            let (by, exists) = (load::asker(txn, offer.by)?, load::user_exists(txn, offer.user)?);
            apply_unless_refused(txn, rules::offer(&by, exists, offer))
        })
        .await?
    }

    async fn open_resets(&self, now: Timestamp) -> Result<Vec<OpenReset>, StoreError> {
        self.read(|db| resets::list(&db.begin_read()?, now))
    }

    async fn withdraw_reset(
        &self,
        user: UserId,
        by: Option<Actor>,
        now: Timestamp,
    ) -> Result<(), EditUserError> {
        self.write(move |txn| {
            let is_open = load::has_open_offer(txn, user, now)?;
            let (by, user) = (load::asker_if_any(txn, by)?, load::user(txn, user)?);
            apply(txn, rules::withdraw(by.as_ref(), user.as_ref(), is_open))
        })
        .await?
    }

    async fn reset_offered(
        &self,
        token_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        self.read(|db| {
            let txn = db.begin_read()?;
            let (resets, users) = (txn.open_table(RESETS)?, txn.open_table(USERS)?);
            resets::find(&resets, &users, &token_hash, now)
        })
    }

    async fn take_up_reset(
        &self,
        token_hash: [u8; 32],
        new: Secret,
        at: Moment,
    ) -> Result<Option<UserId>, StoreError> {
        self.write(move |txn| {
            apply(txn, rules::take_up(load::offered_to(txn, &token_hash, at.now)?, new, at))
        })
        .await
    }

    async fn start_session(&self, new: NewSession) -> Result<Option<User>, StoreError> {
        self.write(move |txn| {
            let id = new.session.user;
            let (user, existing) = (load::user(txn, id)?, sessions::existing(txn, id)?);
            let answers = load::answers(txn, new.challenge)?;
            apply(txn, rules::start(new, user, existing, answers))
        })
        .await
    }

    async fn is_known_address(
        &self,
        username_key: &str,
        address: &str,
    ) -> Result<bool, StoreError> {
        self.read(|db| {
            let id = read_user_id(db, username_key)?.unwrap_or(UserId::NOBODY);
            let known = addresses::of(&db.begin_read()?.open_table(ADDRESSES)?, id)?;
            Ok(known.iter().any(|known| known == address))
        })
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.read(|db| sessions::get(&db.begin_read()?.open_table(SESSIONS)?, id))
    }

    async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
        self.read(|db| sessions::live(&db.begin_read()?, user, now))
    }

    async fn refresh(&self, refresh: Refresh) -> Result<Rotation, StoreError> {
        self.write(move |txn| {
            let (session, user) = load::session_and_user(txn, refresh.id)?;
            apply(txn, rules::refresh(refresh, session, user))
        })
        .await
    }

    async fn reauthenticate(
        &self,
        id: SessionId,
        verified: Verified,
        at: Moment,
    ) -> Result<Option<(Session, User)>, StoreError> {
        self.write(move |txn| {
            let (session, user) = load::session_and_user(txn, id)?;
            apply(txn, rules::reauthenticate(session, user, verified, at))
        })
        .await
    }

    async fn end_session(&self, id: SessionId, at: Moment) -> Result<(), StoreError> {
        self.write(move |txn| apply(txn, rules::end_session(id, load::owner_of(txn, id)?, at)))
            .await
    }

    async fn end_other_sessions(&self, by: Actor, at: Moment) -> Result<usize, EditUserError> {
        self.write(move |txn| {
            let by = load::asker(txn, by)?;
            Ok(apply_unless_refused(txn, rules::end_other_sessions(&by, at))?.counting())
        })
        .await?
    }

    async fn end_sessions(
        &self,
        user: UserId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<usize, EditUserError> {
        self.write(move |txn| {
            let (by, user) = (load::asker_if_any(txn, by)?, load::user(txn, user)?);
            let decision = rules::end_sessions(by.as_ref(), user.as_ref(), at);
            Ok(apply_unless_refused(txn, decision)?.counting())
        })
        .await?
    }

    async fn end_session_of(
        &self,
        user: UserId,
        session: SessionId,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<(), EditUserError> {
        self.write(move |txn| {
            let (by, user) = (load::asker_if_any(txn, by)?, load::user(txn, user)?);
            let session = load::session(txn, session)?;
            let decision = rules::end_session_of(by.as_ref(), user.as_ref(), session.as_ref(), at);
            apply_unless_refused(txn, decision)
        })
        .await?
    }

    async fn end_all_sessions(
        &self,
        by: Option<Actor>,
        at: Moment,
    ) -> Result<usize, EditUserError> {
        self.write(move |txn| {
            let by = load::asker_if_any(txn, by)?;
            Ok(apply_unless_refused(txn, rules::end_all_sessions(by.as_ref(), at))?.counting())
        })
        .await?
    }

    async fn set_registration(
        &self,
        is_open: bool,
        by: Option<Actor>,
    ) -> Result<(), EditUserError> {
        self.write(move |txn| {
            let (by, kept) = load::asker_and_restricted(txn, by)?;
            let decision = rules::set_registration(by.as_ref(), kept, is_open);
            restrictions::put_unless_refused(txn, decision)
        })
        .await?
    }

    async fn add_block(&self, block: Block, by: Option<Actor>) -> Result<Block, EditUserError> {
        self.write(move |txn| {
            let (by, kept) = load::asker_and_restricted(txn, by)?;
            restrictions::put_unless_refused(txn, rules::add_block(by.as_ref(), kept, block))
        })
        .await?
    }

    async fn remove_block(
        &self,
        id: BlockId,
        by: Option<Actor>,
        now: Timestamp,
    ) -> Result<Block, EditUserError> {
        self.write(move |txn| {
            let (by, kept) = load::asker_and_restricted(txn, by)?;
            restrictions::put_unless_refused(txn, rules::remove_block(by.as_ref(), kept, id, now))
        })
        .await?
    }

    async fn add_oauth_client(&self, client: OauthClient) -> Result<OauthClientAdded, StoreError> {
        self.writer.write(move |txn| oauth_clients::add(txn, &client)).await
    }

    async fn oauth_clients(&self) -> Result<Vec<OauthClient>, StoreError> {
        self.read(|db| oauth_clients::list(&db.begin_read()?.open_table(OAUTH_CLIENTS)?))
    }

    async fn oauth_client(&self, name: &str) -> Result<Option<OauthClient>, StoreError> {
        self.read(|db| oauth_clients::get(&db.begin_read()?.open_table(OAUTH_CLIENTS)?, name))
    }

    async fn remove_oauth_client(&self, name: &str) -> Result<Option<OauthClient>, StoreError> {
        let name = name.to_owned();
        self.writer.write(move |txn| oauth_clients::remove(txn, &name)).await
    }

    async fn add_audit(&self, entries: Vec<AuditEntry>, most: u64) -> Result<(), StoreError> {
        self.writer.write(move |txn| audit::add(txn, entries, most)).await
    }

    async fn audit(&self, query: AuditQuery) -> Result<AuditPage, StoreError> {
        let db = Arc::clone(&self.db);
        let find = move || db.with(|db| audit::page(&db.begin_read()?, &query));
        let found = tokio::task::spawn_blocking(find).await.context("the search panicked");
        found.flatten().map_err(kind_of)
    }

    async fn sweep_audit(&self, before: Timestamp, most: u64) -> Result<usize, StoreError> {
        let (before, mut swept) = (AuditId::least(before), 0);
        loop {
            let sweep = move |txn: &_| audit::sweep(txn, before, most, SWEEP_BATCH);
            let removed = self.writer.write(sweep).await?;
            swept += removed;
            if removed < SWEEP_BATCH {
                return Ok(swept);
            }
        }
    }

    async fn restricted(&self) -> Result<Restricted, StoreError> {
        self.read(restrictions::read)
    }

    fn restrictions(&self) -> Restrictions {
        self.memory.restrictions.clone()
    }

    fn is_revoked(&self, id: SessionId) -> bool {
        self.memory.revoked.contains(id)
    }

    fn user_version(&self, id: UserId) -> u64 {
        self.memory.versions.of(id)
    }

    fn lease(&self) -> Lease {
        Lease::ENDLESS
    }

    async fn authority(&self, session: SessionId, user: UserId) -> Result<Authority, StoreError> {
        self.read(|db| {
            let txn = db.begin_read()?;
            let session = sessions::get(&txn.open_table(SESSIONS)?, session)?;
            let has_session = session.is_some_and(|session| session.user == user);
            Ok(Authority { has_session, user: users::get(&txn.open_table(USERS)?, user)? })
        })
    }

    async fn sweep(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut swept = 0;
        loop {
            let db = Arc::clone(&self.db);
            let find = move || db.with(|db| sessions::expired(db, now, SWEEP_BATCH));
            let found = tokio::task::spawn_blocking(find).await.context("the sweep panicked");
            let ids = found.flatten().map_err(kind_of)?;
            let found = ids.len();
            swept += self.write(move |txn| sessions::remove_expired(txn, &ids, now)).await?;
            if found < SWEEP_BATCH {
                break;
            }
        }
        let forget = move |txn: &_| {
            resets::sweep(txn, now)?;
            challenges::sweep(txn, now)?;
            sessions::forget_revoked(txn, now)
        };
        self.writer.write(forget).await?;
        self.memory.revoked.forget_expired(now);
        Ok(swept)
    }

    async fn counts(&self) -> Result<StoreCounts, StoreError> {
        // The tables know how many rows they have.
        let (users, sessions) = self.read(|db| {
            let txn = db.begin_read()?;
            Ok((txn.open_table(USERS)?.len()?, txn.open_table(SESSIONS)?.len()?))
        })?;
        let revoked = self.memory.revoked.len() as u64;
        Ok(StoreCounts { users, sessions, revoked, queue: self.writer.queued() as u64 })
    }

    async fn back_up(
        &self,
        beside: Beside,
        out: Box<dyn Write + Send>,
    ) -> Result<BackupHead, BackupError> {
        let db = Arc::clone(&self.db);
        let save = move || db.with(|open| backup::save(open, beside, out, &|| db.is_wanted()));
        Ok(priority::in_background("hallpass-backup", save).await??)
    }

    async fn check(&self) -> Result<(), StoreError> {
        if let Some(disk) = &self.disk {
            disk.file.check().map_err(kind_of)?;
            disk.room.check().await.map_err(kind_of)?;
        }
        self.writer.check().await?;
        self.read(|db| db.begin_read().map(drop).context("can't read"))
    }
}
