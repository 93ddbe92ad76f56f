//! The records of sessions, and of those that were revoked.

use jiff::Timestamp;
use tokio_postgres::types::{Json, Type};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::rows::{Parameters, or_none, record, time};
use super::users;
use crate::store::applied::Revocation;
use crate::store::rules::{self, EndSessions, Existing, Which};
use crate::store::{Moment, Session, SessionId, User, UserId};

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

async fn lock_user(db: &Client, id: SessionId) -> anyhow::Result<Option<User>> {
    let query = "SELECT user_id FROM sessions WHERE id = $1";
    match db.query_typed_opt(query, &[(&id.uuid(), Type::UUID)]).await? {
        Some(row) => users::lock_one(db, users::id(&row, "user_id")?).await,
        None => Ok(None),
    }
}

pub(super) async fn save(db: &Client, session: &Session) -> anyhow::Result<()> {
    let query = "INSERT INTO sessions (id, user_id, expires_at, record) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (id) DO UPDATE SET expires_at = $3, record = $4";
    let parameters: Parameters<'_> = &[
        (&session.id.uuid(), Type::UUID),
        (&session.user.uuid(), Type::UUID),
        (&session.expires_at.as_millisecond(), Type::INT8),
        (&Json(session), Type::JSONB),
    ];
    db.execute_typed(query, parameters).await?;
    Ok(())
}

/// Ends sessions of one user, whose row is locked.
pub(super) async fn end(db: &Client, end: EndSessions) -> anyhow::Result<Vec<Revocation>> {
    let EndSessions { user, which, at } = end;
    let query = "DELETE FROM sessions WHERE user_id = $1 AND ($2::uuid[] IS NULL OR id = ANY($2))
                 AND ($3::uuid IS NULL OR id <> $3) RETURNING id, record";
    let (these, kept) = match which {
        Which::All => (None, None),
        Which::AllBut(kept) => (None, Some(kept.uuid())),
        Which::These(ids) => (Some(ids.iter().map(|id| id.uuid()).collect::<Vec<_>>()), None),
    };
    let parameters: Parameters<'_> =
        &[(&user.uuid(), Type::UUID), (&these, Type::UUID_ARRAY), (&kept, Type::UUID)];
    let rows = db.query_typed(query, parameters).await?;
    let ended = ended(&rows)?;
    revoke_ended(db, ended, at).await
}

/// Ends a session by its id alone. It may have no record any more.
pub(super) async fn end_by_id(
    db: &Client,
    id: SessionId,
    at: Moment,
) -> anyhow::Result<Vec<Revocation>> {
    // Ended sessions of a user with a damaged record, too.
    or_none(lock_user(db, id).await)?;
    let query = "DELETE FROM sessions WHERE id = $1 RETURNING id, record";
    let rows = db.query_typed(query, &[(&id.uuid(), Type::UUID)]).await?;
    let session = rows.first().and_then(|row| read(row).ok());
    revoke_ended(db, vec![(id, session)], at).await
}

/// Ends the sessions of everybody, and waits for logins that are under way.
pub(super) async fn end_of_everybody(db: &Client, at: Moment) -> anyhow::Result<Vec<Revocation>> {
    db.batch_execute("LOCK TABLE sessions IN SHARE ROW EXCLUSIVE MODE").await?;
    let rows = db.query_typed("DELETE FROM sessions RETURNING id, record", &[]).await?;
    revoke_ended(db, ended(&rows)?, at).await
}

/// Sessions that end; without a record if it can't be read.
type Ended = Vec<(SessionId, Option<Session>)>;

fn ended(rows: &[Row]) -> anyhow::Result<Ended> {
    rows.iter().map(|row| Ok((id(row)?, read(row).ok()))).collect()
}

async fn revoke_ended(db: &Client, ended: Ended, at: Moment) -> anyhow::Result<Vec<Revocation>> {
    let until = |(id, session): (SessionId, Option<Session>)| {
        (id, rules::until(session.as_ref(), None, at))
    };
    revoke(db, ended.into_iter().map(until).collect()).await
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
