//! The records of sessions, and of those that were revoked.

use jiff::Timestamp;
use redb::{AccessGuard, ReadTransaction, ReadableDatabase as _, ReadableTable, WriteTransaction};

use super::tables::{Id, REVOKED, SESSIONS, SESSIONS_BY_USER, Sessions, decode, or_none, time};
use crate::store::applied::{Applied, Revocation};
use crate::store::rules::{self, EndSessions, Existing, Which};
use crate::store::{Moment, Session, SessionId, UserId};

pub(super) fn get(table: &impl Sessions, id: SessionId) -> anyhow::Result<Option<Session>> {
    let row = table.get(id.as_bytes())?;
    row.map(|row| decode(row.value().1, || format!("the record of session {id}"))).transpose()
}

pub(super) fn put(txn: &WriteTransaction, session: &Session) -> anyhow::Result<()> {
    let json = serde_json::to_vec(session)?;
    let row = (session.expires_at.as_millisecond(), json.as_slice());
    txn.open_table(SESSIONS)?.insert(session.id.as_bytes(), row)?;
    Ok(())
}

fn end_one(
    txn: &WriteTransaction,
    user: UserId,
    id: SessionId,
    at: Moment,
) -> anyhow::Result<Revocation> {
    // One whose record is damaged ends like any other.
    let session = get(&txn.open_table(SESSIONS)?, id).ok().flatten();
    txn.open_table(SESSIONS)?.remove(id.as_bytes())?;
    txn.open_table(SESSIONS_BY_USER)?.remove((user.as_bytes(), id.as_bytes()))?;
    let mut revoked = txn.open_table(REVOKED)?;
    let remembered = revoked.get(id.as_bytes())?.map(|until| time(until.value()));
    let until = rules::until(session.as_ref(), remembered, at);
    revoked.insert(id.as_bytes(), until.as_millisecond())?;
    Ok((id, until))
}

/// Ends sessions of one user.
pub(super) fn end(txn: &WriteTransaction, end: EndSessions) -> anyhow::Result<Vec<Revocation>> {
    let EndSessions { user, which, at } = end;
    let ids = match which {
        Which::These(ids) => ids,
        Which::All => ids_of(&txn.open_table(SESSIONS_BY_USER)?, user)?,
        Which::AllBut(kept) => {
            let mut ids = ids_of(&txn.open_table(SESSIONS_BY_USER)?, user)?;
            ids.retain(|id| *id != kept);
            ids
        }
    };
    ids.into_iter().map(|id| end_one(txn, user, id, at)).collect()
}

/// Ends a session by its id alone. It may have no record any more.
pub(super) fn end_by_id(
    txn: &WriteTransaction,
    id: SessionId,
    at: Moment,
) -> anyhow::Result<Revocation> {
    let session = or_none(get(&txn.open_table(SESSIONS)?, id))?;
    end_one(txn, session.map_or(UserId::NOBODY, |session| session.user), id, at)
}

/// Ends the sessions of everybody, and counts them.
pub(super) fn end_of_everybody(
    txn: &WriteTransaction,
    at: Moment,
) -> anyhow::Result<Applied<usize>> {
    let mut all = Vec::new();
    for row in txn.open_table(SESSIONS_BY_USER)?.iter()? {
        let key = row?.0;
        let (user, id) = key.value();
        all.push((UserId::from_bytes(*user), SessionId::from_bytes(*id)));
    }
    let end = |(user, id)| end_one(txn, user, id, at);
    let revoked: Vec<_> = all.into_iter().map(end).collect::<anyhow::Result<_>>()?;
    Ok(Applied::ending(revoked.len(), revoked))
}

pub(super) fn ids_of(
    by_user: &impl ReadableTable<(Id, Id), ()>,
    user: UserId,
) -> anyhow::Result<Vec<SessionId>> {
    let (first, last) = ([0; 16], [0xff; 16]);
    let rows = by_user.range((user.as_bytes(), &first)..=(user.as_bytes(), &last))?;
    rows.map(|row| Ok(SessionId::from_bytes(*row?.0.value().1))).collect()
}

/// Notes whose session it is.
pub(super) fn add(txn: &WriteTransaction, user: UserId, id: SessionId) -> anyhow::Result<()> {
    txn.open_table(SESSIONS_BY_USER)?.insert((user.as_bytes(), id.as_bytes()), ())?;
    Ok(())
}

/// The sessions of a user to whom one more is given, if the rules need to know them.
pub(super) fn existing(txn: &WriteTransaction, user: UserId) -> anyhow::Result<Vec<Existing>> {
    let ids = ids_of(&txn.open_table(SESSIONS_BY_USER)?, user)?;
    if !rules::is_full(ids.len()) {
        return Ok(Vec::new());
    }
    let sessions = txn.open_table(SESSIONS)?;
    let existing = |id| {
        let session = or_none(get(&sessions, id))?;
        Ok(Existing { refreshed_at: session.map(|session| session.refreshed_at), id })
    };
    ids.into_iter().map(existing).collect()
}

/// The user's sessions that have not expired.
pub(super) fn live(
    txn: &ReadTransaction,
    user: UserId,
    now: Timestamp,
) -> anyhow::Result<Vec<Session>> {
    let sessions = txn.open_table(SESSIONS)?;
    let mut live = Vec::new();
    for id in ids_of(&txn.open_table(SESSIONS_BY_USER)?, user)? {
        live.extend(or_none(get(&sessions, id))?.filter(|session| session.is_live(now)));
    }
    Ok(live)
}

/// At most `limit` sessions that have expired.
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

/// Removes those of `ids` that have still expired. Counts them.
pub(super) fn remove_expired(
    txn: &WriteTransaction,
    ids: &[SessionId],
    now: Timestamp,
) -> anyhow::Result<Applied<usize>> {
    let mut sessions = txn.open_table(SESSIONS)?;
    let mut by_user = txn.open_table(SESSIONS_BY_USER)?;
    let mut revoked = txn.open_table(REVOKED)?;
    let (mut removed, mut revocations) = (0, Vec::new());
    for id in ids {
        let has_expired = |row: AccessGuard<'_, (i64, &[u8])>| time(row.value().0) <= now;
        if !sessions.get(id.as_bytes())?.is_some_and(has_expired) {
            continue;
        }
        // One whose record is damaged goes as well, or it would be found at each sweep.
        let session = or_none(get(&sessions, *id))?;
        let user = session.as_ref().map_or(UserId::NOBODY, |session| session.user);
        sessions.remove(id.as_bytes())?;
        by_user.remove((user.as_bytes(), id.as_bytes()))?;
        removed += 1;
        if let Some(until) = rules::swept_until(session.as_ref(), now) {
            revoked.insert(id.as_bytes(), until.as_millisecond())?;
            revocations.push((*id, until));
        }
    }
    Ok(Applied::ending(removed, revocations))
}

/// Forgets revoked sessions whose access tokens have all expired.
pub(super) fn forget_revoked(txn: &WriteTransaction, now: Timestamp) -> anyhow::Result<()> {
    txn.open_table(REVOKED)?.retain(|_, until| time(until) > now)?;
    Ok(())
}
