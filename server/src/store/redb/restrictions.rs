//! What is restricted: a row of [`META`].

use redb::{Database, ReadableDatabase as _, ReadableTable, WriteTransaction};

use super::tables::{META, decode};
use crate::store::Restricted;
use crate::store::applied::Applied;

/// The row of [`META`].
const KEY: &str = "restrictions";

pub(super) fn read(db: &Database) -> anyhow::Result<Restricted> {
    of(&db.begin_read()?.open_table(META)?)
}

pub(super) fn of(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> anyhow::Result<Restricted> {
    let row = meta.get(KEY)?;
    let restricted = row.map(|json| decode(json.value(), || "the list of restrictions".to_owned()));
    Ok(restricted.transpose()?.unwrap_or_default())
}

pub(super) fn put(txn: &WriteTransaction, restricted: &Restricted) -> anyhow::Result<()> {
    let json = serde_json::to_vec(restricted)?;
    txn.open_table(META)?.insert(KEY, json.as_slice())?;
    Ok(())
}

/// Keeps what a rule decided, unless it refused.
pub(super) fn put_unless_refused<T, E>(
    txn: &WriteTransaction,
    decision: Result<(Restricted, T), E>,
) -> anyhow::Result<Applied<Result<T, E>>> {
    let (restricted, answer) = match decision {
        Ok(decided) => decided,
        Err(refusal) => return Ok(Applied::quietly(Err(refusal))),
    };
    put(txn, &restricted)?;
    Ok(Applied::restricting(Ok(answer), restricted))
}
