//! Sessions: their start, their refresh, their end.

use jiff::{SignedDuration, Timestamp};
use redb::{AccessGuard, ReadableDatabase as _, ReadableTable, WriteTransaction};

use super::tables::{REVOKED, SESSIONS, SESSIONS_BY_USER, USERS, decode, or_none, time};
use super::users::{self, Ending};
use super::{Id, Sessions, addresses, resets};
use crate::store::{
    MAX_SESSIONS, Moment, NewSession, Refresh, Rotation, Session, SessionId, UsedBefore, User,
    UserId, Verified,
};

pub(super) fn get(table: &impl Sessions, id: SessionId) -> anyhow::Result<Option<Session>> {
    let row = table.get(id.as_bytes())?;
    row.map(|row| decode(row.value().1, || format!("the record of session {id}"))).transpose()
}

fn put(txn: &WriteTransaction, session: &Session) -> anyhow::Result<()> {
    let json = serde_json::to_vec(session)?;
    let row = (session.expires_at.as_millisecond(), json.as_slice());
    txn.open_table(SESSIONS)?.insert(session.id.as_bytes(), row)?;
    Ok(())
}

/// The user, if the session was started; none if the login is void by now.
pub(super) fn start(
    txn: &WriteTransaction,
    new: NewSession,
) -> anyhow::Result<Ending<Option<User>>> {
    let NewSession { session, verified, at, address } = new;
    let Some(user) = users::confirm_password(txn, session.user, verified)? else {
        return Ok(Ending::none(None));
    };
    let ended = make_room(txn, session.user, at)?;
    put(txn, &session)?;
    let key = (session.user.as_bytes(), session.id.as_bytes());
    txn.open_table(SESSIONS_BY_USER)?.insert(key, ())?;
    addresses::remember(txn, session.user, address)?;
    Ok(Ending { value: Some(user), ended })
}

/// Ends the sessions that are one too many when another one comes, those first that were not used
/// for the longest time.
fn make_room(txn: &WriteTransaction, user: UserId, at: Moment) -> anyhow::Result<Vec<Revocation>> {
    let ids = ids_of(&txn.open_table(SESSIONS_BY_USER)?, user)?;
    let surplus = (ids.len() + 1).saturating_sub(MAX_SESSIONS);
    if surplus == 0 {
        return Ok(Vec::new());
    }
    let mut by_use = Vec::with_capacity(ids.len());
    for id in ids {
        let session = or_none(get(&txn.open_table(SESSIONS)?, id))?;
        by_use.push((session.map(|session| session.refreshed_at), id));
    }
    by_use.sort_unstable();
    by_use.into_iter().take(surplus).map(|(_, id)| end(txn, user, id, at)).collect()
}

pub(super) fn refresh(
    txn: &WriteTransaction,
    refresh: Refresh,
) -> anyhow::Result<Ending<Rotation>> {
    let gone = Ending::none(Rotation::Gone);
    let Refresh { id, generation, at, lifetimes, user_agent } = refresh;
    let Some(mut session) = get(&txn.open_table(SESSIONS)?, id)? else { return Ok(gone) };
    let Some(user) = users::get(&txn.open_table(USERS)?, session.user)? else { return Ok(gone) };
    if !session.is_live(at.now) || user.disabled || generation > session.generation {
        return Ok(gone);
    }
    if generation == session.generation {
        let Some(next) = generation.checked_add(1) else { return Ok(gone) };
        session.generation = next;
        session.user_agent = user_agent;
        session.refreshed(at, lifetimes);
        put(txn, &session)?;
        return Ok(Ending::none(Rotation::Rotated(session, user)));
    }
    let repeats: fn(Session, User) -> Rotation = match session.used_before(generation, at.now) {
        UsedBefore::AMomentAgo => Rotation::Raced,
        UsedBefore::AnswerLost => Rotation::Resent,
        UsedBefore::ByAnother => {
            let ended = vec![end(txn, session.user, id, at)?];
            // Whoever has a copy of the token may have made offers with it.
            resets::withdraw_made_by(txn, &user)?;
            return Ok(Ending { value: Rotation::Reused, ended });
        }
    };
    // The session lasts no longer for it, but there will be one more access token.
    session.tokens_expired_at = session.tokens_expired_at.max(at.tokens_expired_at);
    put(txn, &session)?;
    Ok(Ending::none(repeats(session, user)))
}

/// None unless the session is there and the password is still the one that was checked.
pub(super) fn reauthenticate(
    txn: &WriteTransaction,
    id: SessionId,
    verified: Verified,
    at: Moment,
) -> anyhow::Result<Option<(Session, User)>> {
    let session = get(&txn.open_table(SESSIONS)?, id)?;
    let Some(mut session) = session.filter(|session| session.is_live(at.now)) else {
        return Ok(None);
    };
    let Some(user) = users::confirm_password(txn, session.user, verified)? else {
        return Ok(None);
    };
    session.auth_time = at.now;
    session.tokens_expired_at = session.tokens_expired_at.max(at.tokens_expired_at);
    put(txn, &session)?;
    Ok(Some((session, user)))
}

/// Ends one session by its id alone. One that is not there any more may have tokens around that are
/// still good: the clock may have been ahead when it was swept.
pub(super) fn end_one(
    txn: &WriteTransaction,
    id: SessionId,
    at: Moment,
) -> anyhow::Result<Ending<()>> {
    let session = or_none(get(&txn.open_table(SESSIONS)?, id))?;
    let user = session.map_or(UserId::NOBODY, |session| session.user);
    Ok(Ending { value: (), ended: vec![end(txn, user, id, at)?] })
}

/// A session that has ended, and when the last of its access tokens will have expired.
pub(super) type Revocation = (SessionId, Timestamp);

pub(super) fn end(
    txn: &WriteTransaction,
    user: UserId,
    id: SessionId,
    at: Moment,
) -> anyhow::Result<Revocation> {
    // One whose record is damaged ends like any other.
    let session = get(&txn.open_table(SESSIONS)?, id).ok().flatten();
    let until = session.map_or(at.tokens_expired_at, |session| {
        session.tokens_expired_at.max(at.tokens_expired_at)
    });
    txn.open_table(SESSIONS)?.remove(id.as_bytes())?;
    txn.open_table(SESSIONS_BY_USER)?.remove((user.as_bytes(), id.as_bytes()))?;
    let mut revoked = txn.open_table(REVOKED)?;
    let before = revoked.get(id.as_bytes())?.map(|until| time(until.value()));
    let until = before.map_or(until, |before| before.max(until));
    revoked.insert(id.as_bytes(), until.as_millisecond())?;
    Ok((id, until))
}

/// Ends the user's sessions but `keep`.
pub(super) fn end_all(
    txn: &WriteTransaction,
    user: UserId,
    keep: Option<SessionId>,
    at: Moment,
) -> anyhow::Result<Vec<Revocation>> {
    let ids = ids_of(&txn.open_table(SESSIONS_BY_USER)?, user)?;
    let ending = ids.into_iter().filter(|id| Some(*id) != keep);
    ending.map(|id| end(txn, user, id, at)).collect()
}

/// Ends the sessions of everybody.
pub(super) fn end_of_everybody(
    txn: &WriteTransaction,
    at: Moment,
) -> anyhow::Result<Vec<Revocation>> {
    let all: Vec<(UserId, SessionId)> = {
        let by_user = txn.open_table(SESSIONS_BY_USER)?;
        let rows = by_user.iter()?.map(|row| {
            let key = row?.0;
            let (user, id) = key.value();
            Ok((UserId::from_bytes(*user), SessionId::from_bytes(*id)))
        });
        rows.collect::<anyhow::Result<_>>()?
    };
    all.into_iter().map(|(user, id)| end(txn, user, id, at)).collect()
}

pub(super) fn ids_of(
    by_user: &impl ReadableTable<(Id, Id), ()>,
    user: UserId,
) -> anyhow::Result<Vec<SessionId>> {
    let (first, last) = ([0; 16], [0xff; 16]);
    let rows = by_user.range((user.as_bytes(), &first)..=(user.as_bytes(), &last))?;
    rows.map(|row| Ok(SessionId::from_bytes(*row?.0.value().1))).collect()
}

/// Those that have expired, at most `limit`.
pub(super) fn expired(
    db: &redb::Database,
    now: Timestamp,
    limit: usize,
) -> anyhow::Result<Vec<SessionId>> {
    let sessions = db.begin_read()?.open_table(SESSIONS)?;
    let mut expired = Vec::new();
    for row in sessions.iter()? {
        let (id, row) = row?;
        if time(row.value().0) <= now {
            expired.push(SessionId::from_bytes(*id.value()));
            if expired.len() == limit {
                break;
            }
        }
    }
    Ok(expired)
}

/// No access token is valid for longer, leeway included.
const LONGEST_ACCESS_TTL: SignedDuration = SignedDuration::from_hours(25);

/// Removes those of `ids` that have still expired, and says how many. An access token outlives its
/// session if that was issued while the clock was ahead; it is refused all the same.
pub(super) fn remove_expired(
    txn: &WriteTransaction,
    ids: &[SessionId],
    now: Timestamp,
) -> anyhow::Result<Ending<usize>> {
    let mut sessions = txn.open_table(SESSIONS)?;
    let mut by_user = txn.open_table(SESSIONS_BY_USER)?;
    let mut revoked = txn.open_table(REVOKED)?;
    let mut removed = Ending::none(0);
    for id in ids {
        let has_expired = |row: AccessGuard<'_, (i64, &[u8])>| time(row.value().0) <= now;
        if !sessions.get(id.as_bytes())?.is_some_and(has_expired) {
            continue;
        }
        // One whose record is damaged goes as well, or it would be found at each sweep.
        let session = or_none(get(&sessions, *id))?;
        let (user, until) = match session {
            Some(session) => (session.user, session.tokens_expired_at),
            None => (UserId::NOBODY, now.saturating_add(LONGEST_ACCESS_TTL)?),
        };
        sessions.remove(id.as_bytes())?;
        by_user.remove((user.as_bytes(), id.as_bytes()))?;
        removed.value += 1;
        if until > now {
            revoked.insert(id.as_bytes(), until.as_millisecond())?;
            removed.ended.push((*id, until));
        }
    }
    Ok(removed)
}

/// Forgets revocations that nothing can need any more.
pub(super) fn forget_revoked(txn: &WriteTransaction, now: Timestamp) -> anyhow::Result<()> {
    txn.open_table(REVOKED)?.retain(|_, until| time(until) > now)?;
    Ok(())
}
