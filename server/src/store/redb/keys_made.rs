//! Whether keys were made for this database. They are in another file, which can get lost.

use redb::{Database, ReadableDatabase as _, WriteTransaction};
use redb::{ReadTransaction, ReadableTableMetadata as _};

use super::tables::{ADDRESSES, META, RESETS, REVOKED, SESSIONS};

/// Whether keys were made for a database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeysRecord {
    /// Never: no server has run on it.
    NeverMade,
    /// They were, and must be there.
    Made,
    /// An operator gave them up; the next start makes new ones.
    Reset,
}

/// The row of [`META`].
const KEYS: &str = "keys";

const MADE: &[u8] = b"made";

const RESET: &[u8] = b"reset";

/// What the database says, and whether it says so by a row of its own.
pub(super) fn read(db: &Database) -> anyhow::Result<(KeysRecord, bool)> {
    let txn = db.begin_read()?;
    let meta = txn.open_table(META)?;
    Ok(match meta.get(KEYS)? {
        Some(row) if row.value() == RESET => (KeysRecord::Reset, true),
        Some(_) => (KeysRecord::Made, true),
        // The database is from before there was the record, or of `user add` and nothing else.
        None if has_been_served(&txn)? => (KeysRecord::Made, false),
        None => (KeysRecord::NeverMade, false),
    })
}

/// Whether there is anything that only a running server writes, and a server has keys.
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
