//! How rows are read, and what is known of the database as a whole.

use anyhow::Context as _;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use tokio_postgres::types::{Json, ToSql, Type};
use tokio_postgres::{Client, Row};

use super::failure::Damaged;
use crate::store::KeysRecord;

/// The values of a statement, with their types: a statement that is typed needs no preparation,
/// which a connection pooler in between would lose.
pub(super) type Parameters<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// In `meta`: whether keys were made.
const KEYS: &str = "keys";

/// Reads the column `record`; `what` names it in the error.
pub(super) fn record<T: DeserializeOwned>(
    row: &Row,
    what: impl FnOnce() -> String,
) -> anyhow::Result<T> {
    let Json(record) = row.try_get("record").map_err(|_| Damaged(what()))?;
    Ok(record)
}

/// None where a record can't be read; the log names it.
pub(super) fn or_none<T>(read: anyhow::Result<Option<T>>) -> anyhow::Result<Option<T>> {
    match read {
        Err(error) if error.is::<Damaged>() => {
            tracing::error!("{error:#}");
            Ok(None)
        }
        read => read,
    }
}

/// A stored time.
pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

pub(super) async fn meta(db: &Client, name: &str) -> anyhow::Result<Option<String>> {
    let query = "SELECT value FROM meta WHERE name = $1";
    let row = db.query_typed_opt(query, &[(&name, Type::TEXT)]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

pub(super) async fn set_meta(db: &Client, name: &str, value: &str) -> anyhow::Result<()> {
    let query = "INSERT INTO meta (name, value) VALUES ($1, $2)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.execute_typed(query, &[(&name, Type::TEXT), (&value, Type::TEXT)]).await?;
    Ok(())
}

pub(super) async fn keys_record(db: &Client) -> anyhow::Result<KeysRecord> {
    let record = meta(db, KEYS).await?;
    record.map_or(Ok(KeysRecord::NeverMade), |text| {
        serde_json::from_str(&text).context(Damaged("the note about keys".to_owned()))
    })
}

pub(super) async fn set_keys_record(db: &Client, record: KeysRecord) -> anyhow::Result<()> {
    set_meta(db, KEYS, &serde_json::to_string(&record)?).await
}
