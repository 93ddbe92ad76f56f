//! The records of sessions, and of those that were revoked.

use jiff::Timestamp;
use redb::{AccessGuard, ReadTransaction, ReadableDatabase as _, ReadableTable, WriteTransaction};

use super::tables::{Id, REVOKED, SESSIONS, SESSIONS_BY_USER, Sessions, decode, or_none, time};
use crate::store::applied::{Applied, Revocation};
use crate::store::rules::{self, EndSessions, Existing, Which};
use crate::store::{Actor, Moment, Session, SessionId, UserId};

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

/// Ends sessions.
pub(super) fn end(txn: &WriteTransaction, end: EndSessions) -> anyhow::Result<Vec<Revocation>> {
    let EndSessions { which, at } = end;
    let sessions = find(&txn.open_table(SESSIONS_BY_USER)?, which)?;
    sessions.into_iter().map(|(user, id)| end_one(txn, user, id, at)).collect()
}

fn find(
    by_user: &impl ReadableTable<(Id, Id), ()>,
    which: Which,
) -> anyhow::Result<Vec<(UserId, SessionId)>> {
    let of = |user, ids: Vec<_>| ids.into_iter().map(move |id| (user, id));
    Ok(match which {
        Which::All => {
            by_user.iter()?.map(|row| Ok(owned(row?.0.value()))).collect::<anyhow::Result<_>>()?
        }
        Which::AllOf(user) => of(user, ids_of(by_user, user)?).collect(),
        Which::OthersOf(Actor { user, session, .. }) => {
            of(user, ids_of(by_user, user)?).filter(|(_, id)| *id != session).collect()
        }
        Which::These(user, ids) => of(user.unwrap_or(UserId::NOBODY), ids).collect(),
    })
}

fn owned((user, id): (&[u8; 16], &[u8; 16])) -> (UserId, SessionId) {
    (UserId::from_bytes(*user), SessionId::from_bytes(*id))
}

pub(super) fn ids_of(
    by_user: &impl ReadableTable<(Id, Id), ()>,
    user: UserId,
) -> anyhow::Result<Vec<SessionId>> {
    let (first, last) = ([0; 16], [0xff; 16]);
    let rows = by_user.range((user.as_bytes(), &first)..=(user.as_bytes(), &last))?;
    rows.map(|row| Ok(SessionId::from_bytes(*row?.0.value().1))).collect()
}

/// Saves a new session, and notes whose it is.
pub(super) fn add(txn: &WriteTransaction, session: &Session) -> anyhow::Result<()> {
    let key = (session.user.as_bytes(), session.id.as_bytes());
    txn.open_table(SESSIONS_BY_USER)?.insert(key, ())?;
    put(txn, session)
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
        if rules::has_expired(time(row.value().0), now) {
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
        let has_expired =
            |row: AccessGuard<'_, (i64, &[u8])>| rules::has_expired(time(row.value().0), now);
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
    txn.open_table(REVOKED)?.retain(|_, until| !rules::has_expired(time(until), now))?;
    Ok(())
}
