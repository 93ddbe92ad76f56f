//! Loads what the rules ask for, in the transaction of a write.

use jiff::Timestamp;
use redb::{ReadableTable as _, ReadableTableMetadata as _, WriteTransaction};

use super::tables::{ADMINS, META, RESETS, RESETS_BY_USER, SESSIONS, USERS, or_none};
use super::{challenges, names, resets, restrictions, sessions, users};
use crate::store::rules::{Asker, NameCheck};
use crate::store::{Actor, Challenge, Restricted, Session, SessionId, User, UserId};

pub(super) fn asker(txn: &WriteTransaction, actor: Actor) -> anyhow::Result<Asker> {
    let has_session = txn.open_table(SESSIONS)?.get(actor.session.as_bytes())?.is_some();
    Ok(Asker { actor, user: user(txn, actor.user)?, has_session })
}

pub(super) fn asker_if_any(
    txn: &WriteTransaction,
    by: Option<Actor>,
) -> anyhow::Result<Option<Asker>> {
    by.map(|actor| asker(txn, actor)).transpose()
}

/// Who asks, and what is restricted.
pub(super) fn asker_and_restricted(
    txn: &WriteTransaction,
    by: Option<Actor>,
) -> anyhow::Result<(Option<Asker>, Restricted)> {
    Ok((asker_if_any(txn, by)?, restrictions::of(&txn.open_table(META)?)?))
}

pub(super) fn user(txn: &WriteTransaction, id: UserId) -> anyhow::Result<Option<User>> {
    users::get(&txn.open_table(USERS)?, id)
}

/// Whether there is a record of the user, even one that can't be read.
pub(super) fn user_exists(txn: &WriteTransaction, id: UserId) -> anyhow::Result<bool> {
    Ok(txn.open_table(USERS)?.get(id.as_bytes())?.is_some())
}

/// What is known of the name of a new user.
pub(super) fn name_check(txn: &WriteTransaction, user: &User) -> anyhow::Result<NameCheck> {
    Ok(NameCheck {
        is_taken: names::is_taken(txn, &user.username_key)?,
        looks_like_another: names::would_look_like_another(txn, &user.username)?,
    })
}

/// Whose session it is. Unknown if its record is gone or can't be read.
pub(super) fn owner_of(txn: &WriteTransaction, id: SessionId) -> anyhow::Result<Option<UserId>> {
    Ok(session(txn, id)?.map(|session| session.user))
}

/// The session. None if its record is gone or can't be read.
pub(super) fn session(txn: &WriteTransaction, id: SessionId) -> anyhow::Result<Option<Session>> {
    or_none(sessions::get(&txn.open_table(SESSIONS)?, id))
}

/// How often somebody tried to answer a challenge, if there is one.
pub(super) fn answers(
    txn: &WriteTransaction,
    challenge: Option<Challenge>,
) -> anyhow::Result<Option<u32>> {
    let answers = challenge.map(|challenge| challenges::answers(txn, challenge.id)).transpose()?;
    Ok(answers.flatten())
}

/// How many active admins there are.
pub(super) fn admins(txn: &WriteTransaction) -> anyhow::Result<u64> {
    Ok(txn.open_table(ADMINS)?.len()?)
}

pub(super) fn session_and_user(
    txn: &WriteTransaction,
    id: SessionId,
) -> anyhow::Result<(Option<Session>, Option<User>)> {
    let session = sessions::get(&txn.open_table(SESSIONS)?, id)?;
    let user = session.as_ref().map(|session| user(txn, session.user)).transpose()?;
    Ok((session, user.flatten()))
}

/// To whom an offer was made, if it is open.
pub(super) fn offered_to(
    txn: &WriteTransaction,
    token_hash: &[u8; 32],
    now: Timestamp,
) -> anyhow::Result<Option<User>> {
    resets::find(&txn.open_table(RESETS)?, &txn.open_table(USERS)?, token_hash, now)
}

pub(super) fn has_open_offer(
    txn: &WriteTransaction,
    user: UserId,
    now: Timestamp,
) -> anyhow::Result<bool> {
    let offers = txn.open_table(RESETS_BY_USER)?;
    let Some(token_hash) = offers.get(user.as_bytes())? else { return Ok(false) };
    Ok(offered_to(txn, token_hash.value(), now)?.is_some())
}
