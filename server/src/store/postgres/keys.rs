//! The sealed keys. What is in them only `keys` knows.

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::pool::Connections;
use super::rows;
use crate::store::applied::Applied;
use crate::store::retrying::retry;
use crate::store::{KeysRecord, SealedKeys, StoreError};

/// The row with the sealed keys.
#[derive(Clone, Debug)]
pub struct KeyRows(pub(super) Connections);

impl KeyRows {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub async fn read(&self) -> Result<SealedKeys, StoreError> {
        self.0.read(|db| Box::pin(read(db))).await
    }

    /// Their version.
    ///
    /// # Errors
    ///
    /// If the database can't be read.
    pub async fn version(&self) -> Result<u64, StoreError> {
        self.0.read(|db| Box::pin(version(db))).await
    }

    /// Replaces the keys of this version, and returns the next version once every server has the
    /// new ones. None if they have another version by now.
    ///
    /// # Errors
    ///
    /// If the store can't write.
    pub async fn replace(&self, old: u64, sealed: Vec<u8>) -> Result<Option<u64>, StoreError> {
        let replace = async || {
            let sealed = sealed.clone();
            self.0.write(move |db| Box::pin(replace(db, old, sealed))).await
        };
        retry(replace).await
    }
}

pub(super) async fn read(db: &Client) -> anyhow::Result<SealedKeys> {
    let query = "SELECT version, sealed, (SELECT value FROM meta WHERE name = 'database')
                 FROM sealed_keys";
    let row = db.query_typed_one(query, &[]).await?;
    let version = row.try_get::<_, i64>(0)?.cast_unsigned();
    Ok(SealedKeys { version, sealed: row.try_get(1)?, database: row.try_get(2)? })
}

async fn version(db: &Client) -> anyhow::Result<u64> {
    let row = db.query_typed_one("SELECT version FROM sealed_keys", &[]).await?;
    Ok(row.try_get::<_, i64>(0)?.cast_unsigned())
}

async fn replace(db: &Client, old: u64, sealed: Vec<u8>) -> anyhow::Result<Applied<Option<u64>>> {
    let statement = "UPDATE sealed_keys SET version = version + 1, sealed = $2 WHERE version = $1";
    let parameters = [(&old.cast_signed() as _, Type::INT8), (&sealed as _, Type::BYTEA)];
    if db.execute_typed(statement, &parameters).await? == 0 {
        return Ok(Applied::quietly(None));
    }
    rows::set_keys_record(db, KeysRecord::Made).await?;
    Ok(Applied::of_keys(Some(old + 1)))
}

/// Puts keys into a database that nobody else uses.
pub(super) async fn put(db: &Client, sealed: Vec<u8>) -> anyhow::Result<()> {
    let statement = "UPDATE sealed_keys SET version = version + 1, sealed = $1";
    db.execute_typed(statement, &[(&sealed, Type::BYTEA)]).await?;
    Ok(())
}

/// Gives the keys up. The next start makes new ones.
pub(super) async fn give_up(db: &Client) -> anyhow::Result<()> {
    let statement = "UPDATE sealed_keys SET version = version + 1, sealed = NULL";
    db.execute_typed(statement, &[]).await?;
    rows::set_keys_record(db, KeysRecord::Reset).await
}
