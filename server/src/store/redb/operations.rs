//! The operations that write. Each loads what a rule asks for and applies what the rule decides.

use hallpass_contract::Secret;
use jiff::Timestamp;
use redb::{ReadableTable as _, ReadableTableMetadata as _, WriteTransaction};

use super::changes::{Applied, apply, apply_unless_refused};
use super::tables::{ADMINS, RESETS, RESETS_BY_USER, SESSIONS, USERS};
use super::{addresses, names, resets, sessions, users};
use crate::store::actor::Actor;
use crate::store::error::{CreateUserError, EditUserError};
use crate::store::id::{SessionId, UserId};
use crate::store::reset::ResetOffer;
use crate::store::rules::{self, Asker};
use crate::store::session::{Moment, NewSession, Refresh, Rotation, Session, Verified};
use crate::store::user::{Edited, User, UserEdit};

/// What came of an operation that the rules may refuse.
type Judged<T> = anyhow::Result<Applied<Result<T, EditUserError>>>;

fn asker(txn: &WriteTransaction, actor: Actor) -> anyhow::Result<Asker> {
    let has_session = txn.open_table(SESSIONS)?.get(actor.session.as_bytes())?.is_some();
    Ok(Asker { actor, user: users::load(txn, actor.user)?, has_session })
}

fn asker_if_any(txn: &WriteTransaction, by: Option<Actor>) -> anyhow::Result<Option<Asker>> {
    by.map(|actor| asker(txn, actor)).transpose()
}

pub(super) fn create_user(
    txn: &WriteTransaction,
    user: &User,
    address: Option<String>,
) -> anyhow::Result<Result<(), CreateUserError>> {
    let is_taken = names::is_taken(txn, &user.username_key)?;
    let looks_like_another = names::would_look_like_another(txn, &user.username)?;
    if let Err(refusal) = rules::may_create(is_taken, looks_like_another, address.is_none()) {
        return Ok(Err(refusal));
    }
    add_user(txn, user)?;
    if let Some(address) = address {
        addresses::remember(txn, user.id, address)?;
    }
    Ok(Ok(()))
}

fn add_user(txn: &WriteTransaction, user: &User) -> anyhow::Result<()> {
    names::add(txn, user)?;
    users::put(txn, user)
}

pub(super) fn import_users(txn: &WriteTransaction, users: &[User]) -> anyhow::Result<Vec<bool>> {
    let import = |user: &User| {
        let is_free = !names::is_taken(txn, &user.username_key)?;
        if is_free {
            add_user(txn, user)?;
        }
        Ok(is_free)
    };
    users.iter().map(import).collect()
}

pub(super) fn edit_user(
    txn: &WriteTransaction,
    id: UserId,
    edit: UserEdit,
    by: Option<Actor>,
    at: Moment,
) -> Judged<Edited> {
    let (by, user) = (asker_if_any(txn, by)?, users::load(txn, id)?);
    let admins = txn.open_table(ADMINS)?.len()?;
    apply_unless_refused(txn, rules::edit(by.as_ref(), user, edit, admins, at))
}

pub(super) fn delete_user(
    txn: &WriteTransaction,
    id: UserId,
    by: Option<Actor>,
    at: Moment,
) -> Judged<User> {
    let (by, user) = (asker_if_any(txn, by)?, users::load(txn, id)?);
    let admins = txn.open_table(ADMINS)?.len()?;
    apply_unless_refused(txn, rules::delete(by.as_ref(), user, admins, at))
}

pub(super) fn set_password(
    txn: &WriteTransaction,
    id: UserId,
    new: Secret,
    at: Moment,
) -> anyhow::Result<Applied<bool>> {
    apply(txn, rules::set_password(users::load(txn, id)?, new, at))
}

pub(super) fn change_password(
    txn: &WriteTransaction,
    by: Actor,
    version: u32,
    new: Secret,
    at: Moment,
) -> Judged<()> {
    let by = asker(txn, by)?;
    apply_unless_refused(txn, rules::change_password(&by, version, new, at))
}

pub(super) fn offer_reset(txn: &WriteTransaction, offer: ResetOffer) -> Judged<()> {
    let by = asker(txn, offer.by)?;
    let exists = txn.open_table(USERS)?.get(offer.user.as_bytes())?.is_some();
    apply_unless_refused(txn, rules::offer(&by, exists, offer))
}

pub(super) fn withdraw_reset(
    txn: &WriteTransaction,
    id: UserId,
    by: Option<Actor>,
    now: Timestamp,
) -> Judged<()> {
    let (by, user) = (asker_if_any(txn, by)?, users::load(txn, id)?);
    let token_hash = txn.open_table(RESETS_BY_USER)?.get(id.as_bytes())?.map(|hash| *hash.value());
    let offered_to = token_hash.map(|hash| offered_to(txn, &hash, now)).transpose()?.flatten();
    apply(txn, rules::withdraw(by.as_ref(), user.as_ref(), offered_to.is_some()))
}

fn offered_to(
    txn: &WriteTransaction,
    token_hash: &[u8; 32],
    now: Timestamp,
) -> anyhow::Result<Option<User>> {
    resets::find(&txn.open_table(RESETS)?, &txn.open_table(USERS)?, token_hash, now)
}

pub(super) fn take_up_reset(
    txn: &WriteTransaction,
    token_hash: &[u8; 32],
    new: Secret,
    at: Moment,
) -> anyhow::Result<Applied<Option<UserId>>> {
    apply(txn, rules::take_up(offered_to(txn, token_hash, at.now)?, new, at))
}

pub(super) fn start_session(
    txn: &WriteTransaction,
    new: NewSession,
) -> anyhow::Result<Applied<Option<User>>> {
    let (id, address) = (new.session.id, new.address.clone());
    let user = users::load(txn, new.session.user)?;
    let existing = sessions::existing(txn, new.session.user)?;
    let applied = apply(txn, rules::start(new, user, existing))?;
    if let Some(user) = &applied.answer {
        sessions::add(txn, user.id, id)?;
        addresses::remember(txn, user.id, address)?;
    }
    Ok(applied)
}

pub(super) fn refresh(
    txn: &WriteTransaction,
    refresh: Refresh,
) -> anyhow::Result<Applied<Rotation>> {
    let (session, user) = session_and_user(txn, refresh.id)?;
    apply(txn, rules::refresh(refresh, session, user))
}

pub(super) fn reauthenticate(
    txn: &WriteTransaction,
    id: SessionId,
    verified: Verified,
    at: Moment,
) -> anyhow::Result<Applied<Option<(Session, User)>>> {
    let (session, user) = session_and_user(txn, id)?;
    apply(txn, rules::reauthenticate(session, user, verified, at))
}

fn session_and_user(
    txn: &WriteTransaction,
    id: SessionId,
) -> anyhow::Result<(Option<Session>, Option<User>)> {
    let session = sessions::get(&txn.open_table(SESSIONS)?, id)?;
    let user = session.as_ref().map(|session| users::load(txn, session.user)).transpose()?;
    Ok((session, user.flatten()))
}

pub(super) fn end_session(
    txn: &WriteTransaction,
    id: SessionId,
    at: Moment,
) -> anyhow::Result<Applied<()>> {
    Ok(Applied::ending((), vec![sessions::end_by_id(txn, id, at)?]))
}

pub(super) fn end_other_sessions(txn: &WriteTransaction, by: Actor, at: Moment) -> Judged<usize> {
    let by = asker(txn, by)?;
    apply_unless_refused(txn, rules::end_other_sessions(&by, at)).map(counted)
}

pub(super) fn end_sessions(
    txn: &WriteTransaction,
    user: UserId,
    by: Option<Actor>,
    at: Moment,
) -> Judged<usize> {
    let (by, user) = (asker_if_any(txn, by)?, users::load(txn, user)?);
    let decision = rules::end_sessions(by.as_ref(), user.as_ref(), at);
    apply_unless_refused(txn, decision).map(counted)
}

/// Answers how many sessions ended.
fn counted(applied: Applied<Result<(), EditUserError>>) -> Applied<Result<usize, EditUserError>> {
    let count = applied.revoked.len();
    applied.map(|answer| answer.map(|()| count))
}

pub(super) fn end_all_sessions(
    txn: &WriteTransaction,
    at: Moment,
) -> anyhow::Result<Applied<usize>> {
    let revoked = sessions::end_of_everybody(txn, at)?;
    Ok(Applied::ending(revoked.len(), revoked))
}
