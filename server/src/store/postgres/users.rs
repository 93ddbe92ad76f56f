//! The records of users.

use tokio_postgres::types::{Json, Type};
use tokio_postgres::{Client, Row};

use super::rows::Parameters;
use super::{locks, rows};
use crate::store::{User, UserId, Users};
use crate::username::fold;

pub(super) fn id(row: &Row, column: &str) -> anyhow::Result<UserId> {
    Ok(UserId::from_bytes(row.try_get::<_, uuid::Uuid>(column)?.into_bytes()))
}

pub(super) fn read(row: &Row) -> anyhow::Result<User> {
    let id = id(row, "id")?;
    rows::record(row, || format!("the record of user {id}"))
}

pub(super) async fn get(db: &Client, id: UserId) -> anyhow::Result<Option<User>> {
    let query = "SELECT id, record FROM users WHERE id = $1";
    let row = db.query_typed_opt(query, &[(&id.uuid(), Type::UUID)]).await?;
    row.map(|row| read(&row)).transpose()
}

/// Users whose rows are locked until the end of the transaction.
pub(super) struct Locked(Vec<User>);

impl Locked {
    pub(super) fn get(&self, id: UserId) -> Option<User> {
        self.0.iter().find(|user| user.id == id).cloned()
    }
}

/// Locks these users, in an order that is the same for everybody.
pub(super) async fn lock(db: &Client, ids: &[UserId]) -> anyhow::Result<Locked> {
    let query = "SELECT id, record FROM users WHERE id = ANY($1) ORDER BY id FOR UPDATE";
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let rows = db.query_typed(query, &[(&ids, Type::UUID_ARRAY)]).await?;
    Ok(Locked(rows.iter().map(read).collect::<anyhow::Result<_>>()?))
}

/// Locks one user.
pub(super) async fn lock_one(db: &Client, id: UserId) -> anyhow::Result<Option<User>> {
    Ok(lock(db, &[id]).await?.get(id))
}

/// How many active admins there are, if `user` is one. Until the end of the transaction, no other
/// one ceases to be one. Nobody asks for the number when somebody else changes.
pub(super) async fn active_admins(db: &Client, user: Option<&User>) -> anyhow::Result<u64> {
    if !user.is_some_and(User::is_active_admin) {
        return Ok(0);
    }
    locks::admins(db).await?;
    count(db, "SELECT count(*) FROM users WHERE is_active_admin").await
}

pub(super) async fn count(db: &Client, query: &str) -> anyhow::Result<u64> {
    let count: i64 = db.query_typed_one(query, &[]).await?.try_get(0)?;
    Ok(count.unsigned_abs())
}

/// At most `limit` users after `after`, or of those alone whose names hold `part`, which is folded.
pub(super) async fn page(
    db: &Client,
    part: Option<&str>,
    after: Option<UserId>,
    limit: usize,
) -> anyhow::Result<Users> {
    let query = "SELECT id, record FROM users
                 WHERE ($1::uuid IS NULL OR id > $1)
                     AND ($3::text IS NULL OR strpos(fold, $3 COLLATE \"C\") > 0)
                 ORDER BY id LIMIT $2";
    let after = after.map(UserId::uuid);
    let one_more = i64::try_from(limit)?.saturating_add(1);
    let parameters: Parameters<'_> =
        &[(&after, Type::UUID), (&one_more, Type::INT8), (&part, Type::TEXT)];
    let rows = db.query_typed(query, parameters).await?;
    let mut page = Users::default();
    for row in rows.iter().take(limit) {
        match read(row) {
            Ok(user) => page.users.push(user),
            Err(_) => page.damaged.push(id(row, "id")?),
        }
    }
    if let (true, Some(last)) = (rows.len() > limit, limit.checked_sub(1)) {
        page.next = Some(id(&rows[last], "id")?);
    }
    Ok(page)
}

pub(super) async fn add(db: &Client, user: &User) -> anyhow::Result<()> {
    let query = "INSERT INTO users (id, username_key, fold, is_active_admin, record)
                 VALUES ($1, $2, $3, $4, $5)";
    let parameters: Parameters<'_> = &[
        (&user.id.uuid(), Type::UUID),
        (&user.username_key, Type::TEXT),
        (&fold(&user.username_key), Type::TEXT),
        (&user.is_active_admin(), Type::BOOL),
        (&Json(user), Type::JSONB),
    ];
    db.execute_typed(query, parameters).await?;
    Ok(())
}

/// Saves the record of a user who is there. Names don't change.
pub(super) async fn save(db: &Client, user: &User) -> anyhow::Result<()> {
    let query = "UPDATE users SET is_active_admin = $2, record = $3 WHERE id = $1";
    let parameters: Parameters<'_> = &[
        (&user.id.uuid(), Type::UUID),
        (&user.is_active_admin(), Type::BOOL),
        (&Json(user), Type::JSONB),
    ];
    db.execute_typed(query, parameters).await?;
    Ok(())
}

/// Removes a user, their names and their addresses.
pub(super) async fn remove(db: &Client, id: UserId) -> anyhow::Result<()> {
    db.execute_typed("DELETE FROM users WHERE id = $1", &[(&id.uuid(), Type::UUID)]).await?;
    Ok(())
}
