//! Whether keys were made for this database. The keys are in another file, which can get lost.

use redb::{Database, ReadableDatabase as _, WriteTransaction};
use redb::{ReadTransaction, ReadableTableMetadata as _};

use super::tables::{ADDRESSES, META, RESETS, REVOKED, SESSIONS};
use crate::store::KeysRecord;

/// The row of [`META`].
const KEYS: &str = "keys";

const MADE: &[u8] = b"made";

const RESET: &[u8] = b"reset";

/// What the database says of keys, and whether it has a row that says so.
pub(super) fn read(db: &Database) -> anyhow::Result<(KeysRecord, bool)> {
    let txn = db.begin_read()?;
    let meta = txn.open_table(META)?;
    Ok(match meta.get(KEYS)? {
        Some(row) if row.value() == RESET => (KeysRecord::Reset, true),
        Some(_) => (KeysRecord::Made, true),
        // Either an earlier version made the database, or `user add` did and no server has run.
        None if has_been_served(&txn)? => (KeysRecord::Made, false),
        None => (KeysRecord::NeverMade, false),
    })
}

/// Whether a server, which has keys, has run: only a server writes these tables.
fn has_been_served(txn: &ReadTransaction) -> anyhow::Result<bool> {
    Ok(!(txn.open_table(SESSIONS)?.is_empty()?
        && txn.open_table(REVOKED)?.is_empty()?
        && txn.open_table(RESETS)?.is_empty()?
        && txn.open_table(ADDRESSES)?.is_empty()?))
}

pub(super) fn write(txn: &WriteTransaction, record: KeysRecord) -> anyhow::Result<()> {
    let mut meta = txn.open_table(META)?;
    match record {
        KeysRecord::NeverMade => meta.remove(KEYS)?,
        KeysRecord::Made => meta.insert(KEYS, MADE)?,
        KeysRecord::Reset => meta.insert(KEYS, RESET)?,
    };
    Ok(())
}
