//! The records of sessions, and of those that were revoked.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use tokio_postgres::types::{Json, Type};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::failure::Damaged;
use super::rows::{Parameters, or_none, record, time};
use super::sign_outs::Ending;
use super::timeline::{Timeline, timeline};
use super::users;
use crate::store::applied::Revocation;
use crate::store::rules::{self, EndSessions, Existing, Which};
use crate::store::{Authority, Moment, Session, SessionId, User, UserId};

fn id(row: &Row) -> anyhow::Result<SessionId> {
    Ok(SessionId::from_bytes(row.try_get::<_, Uuid>("id")?.into_bytes()))
}

pub(super) fn read(row: &Row) -> anyhow::Result<Session> {
    let id = id(row)?;
    record(row, || format!("the record of session {id}"))
}

pub(super) async fn get(db: &Client, id: SessionId) -> anyhow::Result<Option<Session>> {
    let query = "SELECT id, record FROM sessions WHERE id = $1";
    let row = db.query_typed_opt(query, &[(&id.uuid(), Type::UUID)]).await?;
    row.map(|row| read(&row)).transpose()
}

/// What there is of a session and its user, and in which of the database's histories.
pub(super) async fn authority(
    db: &Client,
    session: SessionId,
    user: UserId,
) -> anyhow::Result<(Authority, Timeline)> {
    let query = concat!(
        "SELECT ",
        timeline!(),
        ", EXISTS (SELECT FROM sessions WHERE id = $1 AND user_id = $2) AS has_session,
         (SELECT record FROM users WHERE id = $2) AS record"
    );
    let parameters: Parameters<'_> = &[(&session.uuid(), Type::UUID), (&user.uuid(), Type::UUID)];
    let row = db.query_typed_one(query, parameters).await?;
    let found: Option<Json<User>> =
        row.try_get("record").map_err(|_| Damaged(format!("the record of user {user}")))?;
    let user = found.map(|Json(user)| user);
    let authority = Authority { has_session: row.try_get("has_session")?, user };
    Ok((authority, Timeline::read(&row)?))
}

pub(super) async fn is_there(db: &Client, id: SessionId) -> anyhow::Result<bool> {
    let query = "SELECT FROM sessions WHERE id = $1";
    Ok(db.query_typed_opt(query, &[(&id.uuid(), Type::UUID)]).await?.is_some())
}

/// Locks a session and its user, who comes first.
pub(super) async fn lock(
    db: &Client,
    id: SessionId,
) -> anyhow::Result<(Option<Session>, Option<User>)> {
    let user = lock_user(db, id).await?;
    let query = "SELECT id, record FROM sessions WHERE id = $1 FOR UPDATE";
    let row = db.query_typed_opt(query, &[(&id.uuid(), Type::UUID)]).await?;
    Ok((row.map(|row| read(&row)).transpose()?, user))
}

/// Locks whoever has the session.
pub(super) async fn lock_user(db: &Client, id: SessionId) -> anyhow::Result<Option<User>> {
    let query = "SELECT user_id FROM sessions WHERE id = $1";
    match db.query_typed_opt(query, &[(&id.uuid(), Type::UUID)]).await? {
        Some(row) => users::lock_one(db, users::id(&row, "user_id")?).await,
        None => Ok(None),
    }
}

pub(super) async fn add(db: &Client, session: &Session) -> anyhow::Result<()> {
    let query = "INSERT INTO sessions (id, user_id, expires_at, record) VALUES ($1, $2, $3, $4)";
    let parameters: Parameters<'_> = &[
        (&session.id.uuid(), Type::UUID),
        (&session.user.uuid(), Type::UUID),
        (&session.expires_at.as_millisecond(), Type::INT8),
        (&Json(session), Type::JSONB),
    ];
    db.execute_typed(query, parameters).await?;
    Ok(())
}

/// Saves the record of a session that is there.
pub(super) async fn save(db: &Client, session: &Session) -> anyhow::Result<()> {
    let query = "UPDATE sessions SET expires_at = $2, record = $3 WHERE id = $1";
    let parameters: Parameters<'_> = &[
        (&session.id.uuid(), Type::UUID),
        (&session.expires_at.as_millisecond(), Type::INT8),
        (&Json(session), Type::JSONB),
    ];
    db.execute_typed(query, parameters).await?;
    Ok(())
}

/// Ends sessions. The row of a user whose sessions end is locked.
pub(super) async fn end(db: &Client, end: EndSessions) -> anyhow::Result<Vec<Revocation>> {
    let EndSessions { which, at } = end;
    let ended = match which {
        Which::All => delete_all(db).await?,
        Which::AllOf(user) => {
            let query = "DELETE FROM sessions WHERE user_id = $1 RETURNING id, record";
            ended(&db.query_typed(query, &[(&user.uuid(), Type::UUID)]).await?)?
        }
        Which::OthersOf(by) => {
            let query = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2 RETURNING id, record";
            let parameters: Parameters<'_> =
                &[(&by.user.uuid(), Type::UUID), (&by.session.uuid(), Type::UUID)];
            ended(&db.query_typed(query, parameters).await?)?
        }
        Which::These(_, ids) => delete(db, ids).await?,
    };
    let until = |(id, session): (SessionId, Option<Session>)| {
        (id, rules::until(session.as_ref(), None, at))
    };
    revoke(db, ended.into_iter().map(until).collect()).await
}

/// Ends sessions by their ids alone. They may have no records any more.
pub(super) async fn end_by_ids(db: &Client, ending: &Ending) -> anyhow::Result<Vec<Revocation>> {
    let ids: Vec<_> = ending.keys().map(|id| id.uuid()).collect();
    let ids: Parameters<'_> = &[(&ids, Type::UUID_ARRAY)];
    let lock = "SELECT FROM users WHERE id IN (SELECT user_id FROM sessions WHERE id = ANY($1))
                ORDER BY id FOR UPDATE";
    db.query_typed(lock, ids).await?;
    let query = "DELETE FROM sessions WHERE id = ANY($1) RETURNING id, record";
    let ended: BTreeMap<_, _> = ended(&db.query_typed(query, ids).await?)?.into_iter().collect();
    let until = |(id, at): (&SessionId, &Moment)| {
        let session = ended.get(id).and_then(Option::as_ref);
        (*id, rules::until(session, None, *at))
    };
    revoke(db, ending.iter().map(until).collect()).await
}

/// Removes the records of all sessions, and waits for logins that are under way.
async fn delete_all(db: &Client) -> anyhow::Result<Ended> {
    db.batch_execute("LOCK TABLE sessions IN SHARE ROW EXCLUSIVE MODE").await?;
    ended(&db.query_typed("DELETE FROM sessions RETURNING id, record", &[]).await?)
}

/// Removes the records of these sessions. Those that have none end as well.
async fn delete(db: &Client, ids: Vec<SessionId>) -> anyhow::Result<Ended> {
    let query = "DELETE FROM sessions WHERE id = ANY($1) RETURNING id, record";
    let uuids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let found = ended(&db.query_typed(query, &[(&uuids, Type::UUID_ARRAY)]).await?)?;
    let mut found: HashMap<_, _> = found.into_iter().collect();
    Ok(ids.into_iter().map(|id| (id, found.remove(&id).flatten())).collect())
}

/// Sessions that end; without a record if it can't be read.
type Ended = Vec<(SessionId, Option<Session>)>;

fn ended(rows: &[Row]) -> anyhow::Result<Ended> {
    rows.iter().map(|row| Ok((id(row)?, read(row).ok()))).collect()
}

/// Remembers that sessions have ended: all revocations come through here. One that is remembered
/// for longer already stays so.
async fn revoke(db: &Client, revocations: Vec<Revocation>) -> anyhow::Result<Vec<Revocation>> {
    if revocations.is_empty() {
        return Ok(revocations);
    }
    let query = "INSERT INTO revoked_sessions AS known (id, until)
                 SELECT * FROM unnest($1, $2) ON CONFLICT (id)
                 DO UPDATE SET until = greatest(known.until, excluded.until) RETURNING id, until";
    let (ids, times): (Vec<_>, Vec<_>) =
        revocations.into_iter().map(|(id, until)| (id.uuid(), until.as_millisecond())).unzip();
    let parameters: Parameters<'_> = &[(&ids, Type::UUID_ARRAY), (&times, Type::INT8_ARRAY)];
    read_revocations(&db.query_typed(query, parameters).await?)
}

fn read_revocations(rows: &[Row]) -> anyhow::Result<Vec<Revocation>> {
    rows.iter().map(read_revocation).collect()
}

pub(super) fn read_revocation(row: &Row) -> anyhow::Result<Revocation> {
    Ok((id(row)?, time(row.try_get("until")?)))
}

/// All that are revoked.
pub(super) async fn revoked(db: &Client) -> anyhow::Result<Vec<Revocation>> {
    read_revocations(&db.query_typed("SELECT id, until FROM revoked_sessions", &[]).await?)
}

/// The sessions of a user to whom one more is given, if the rules need to know them.
pub(super) async fn existing(db: &Client, user: UserId) -> anyhow::Result<Vec<Existing>> {
    let query = "SELECT count(*) FROM sessions WHERE user_id = $1";
    let row = db.query_typed_one(query, &[(&user.uuid(), Type::UUID)]).await?;
    if !rules::is_full(usize::try_from(row.try_get::<_, i64>(0)?)?) {
        return Ok(Vec::new());
    }
    let rows = of(db, user).await?;
    let existing = |row: &Row| {
        let refreshed_at = or_none(read(row).map(Some))?.map(|session| session.refreshed_at);
        Ok(Existing { refreshed_at, id: id(row)? })
    };
    rows.iter().map(existing).collect()
}

async fn of(db: &Client, user: UserId) -> anyhow::Result<Vec<Row>> {
    let query = "SELECT id, record FROM sessions WHERE user_id = $1 ORDER BY id";
    Ok(db.query_typed(query, &[(&user.uuid(), Type::UUID)]).await?)
}

/// The user's sessions that have not expired.
pub(super) async fn live(
    db: &Client,
    user: UserId,
    now: Timestamp,
) -> anyhow::Result<Vec<Session>> {
    let mut live = Vec::new();
    for row in of(db, user).await? {
        live.extend(or_none(read(&row).map(Some))?.filter(|session| session.is_live(now)));
    }
    Ok(live)
}

/// Removes at most `limit` sessions that have expired. Returns how many, and which of them are
/// revoked.
pub(super) async fn remove_expired(
    db: &Client,
    now: Timestamp,
    limit: i64,
) -> anyhow::Result<(usize, Vec<Revocation>)> {
    let query = "DELETE FROM sessions WHERE id IN
                 (SELECT id FROM sessions WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
                 RETURNING id, record";
    let parameters: Parameters<'_> = &[(&now.as_millisecond(), Type::INT8), (&limit, Type::INT8)];
    let rows = db.query_typed(query, parameters).await?;
    let until = |(id, session): (SessionId, Option<Session>)| {
        Some((id, rules::swept_until(session.as_ref(), now)?))
    };
    let revocations = ended(&rows)?.into_iter().filter_map(until).collect();
    Ok((rows.len(), revoke(db, revocations).await?))
}

/// Forgets revoked sessions whose access tokens have all expired.
pub(super) async fn forget_revoked(db: &Client, now: Timestamp) -> anyhow::Result<()> {
    let query = "DELETE FROM revoked_sessions WHERE until <= $1";
    db.execute_typed(query, &[(&now.as_millisecond(), Type::INT8)]).await?;
    Ok(())
}
