//! The addresses from which users signed in.

use tokio_postgres::Client;
use tokio_postgres::types::{Json, Type};

use super::rows;
use crate::store::UserId;
use crate::store::rules;

/// Remembers an address of a user whose row is locked.
pub(super) async fn remember(db: &Client, user: UserId, address: String) -> anyhow::Result<()> {
    let Some(known) = rules::remember(of(db, user).await?, address) else { return Ok(()) };
    let query = "INSERT INTO addresses (user_id, record) VALUES ($1, $2)
                 ON CONFLICT (user_id) DO UPDATE SET record = excluded.record";
    db.execute_typed(query, &[(&user.uuid(), Type::UUID), (&Json(known), Type::JSONB)]).await?;
    Ok(())
}

/// The newest one last. None of a user whose record of them is damaged: the next login replaces it.
pub(super) async fn of(db: &Client, user: UserId) -> anyhow::Result<Vec<String>> {
    let query = "SELECT record FROM addresses WHERE user_id = $1";
    let row = db.query_typed_opt(query, &[(&user.uuid(), Type::UUID)]).await?;
    let list = row.map(|row| rows::record(&row, || format!("the addresses of user {user}")));
    Ok(rows::or_none(list.transpose())?.unwrap_or_default())
}
