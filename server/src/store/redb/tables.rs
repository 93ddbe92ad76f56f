use anyhow::Context as _;
use jiff::Timestamp;
use redb::{Database, TableDefinition};
use serde::de::DeserializeOwned;

use super::writer::Damaged;

type Id = &'static [u8; 16];

/// User id to [`User`](crate::store::User) as JSON, which can gain fields without a migration.
pub(super) const USERS: TableDefinition<'_, Id, &[u8]> = TableDefinition::new("users");

/// Case-mapped username to user id. All spellings of a name: [`names`](super::names).
pub(super) const USER_IDS_BY_NAME: TableDefinition<'_, &str, Id> =
    TableDefinition::new("user_ids_by_name");

/// Folded username and the id of the user, where the fold is not the case-mapped name itself.
pub(super) const USER_IDS_BY_FOLD: TableDefinition<'_, (&str, Id), ()> =
    TableDefinition::new("user_ids_by_fold");

/// What a username looks like, whether it has letters beyond ASCII, and the id of the user. A name
/// of ASCII alone that looks like its case-mapped self has no row.
pub(super) const LOOKS: TableDefinition<'_, (&str, bool, Id), ()> = TableDefinition::new("looks");

/// The active admins, so that the last one is noticed.
pub(super) const ADMINS: TableDefinition<'_, Id, ()> = TableDefinition::new("admins");

/// Session id to the millisecond in which it expires, for the sweep, and
/// [`Session`](crate::store::Session) as JSON.
pub(super) const SESSIONS: TableDefinition<'_, Id, (i64, &[u8])> = TableDefinition::new("sessions");

/// User id and session id.
pub(super) const SESSIONS_BY_USER: TableDefinition<'_, (Id, Id), ()> =
    TableDefinition::new("sessions_by_user");

/// Session id to the millisecond in which its last access token has expired.
pub(super) const REVOKED: TableDefinition<'_, Id, i64> = TableDefinition::new("revoked_sessions");

/// SHA-256 of a reset token to the ids of the user and of the admin who made it, and the
/// millisecond in which it expires.
pub(super) const RESETS: TableDefinition<'_, &[u8; 32], (Id, Id, i64)> =
    TableDefinition::new("resets");

/// SHA-256 of a reset token to the millisecond in which it was made. The first version kept no such time.
pub(super) const RESET_TIMES: TableDefinition<'_, &[u8; 32], i64> =
    TableDefinition::new("reset_times");

/// User id to the SHA-256 of their reset token.
pub(super) const RESETS_BY_USER: TableDefinition<'_, Id, &[u8; 32]> =
    TableDefinition::new("resets_by_user");

/// User id to the addresses they signed in from, the last one last, as JSON.
pub(super) const ADDRESSES: TableDefinition<'_, Id, &[u8]> = TableDefinition::new("addresses");

/// What is known about the directory as a whole, by name.
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// Makes those that are not there yet, so that they can be read.
pub(super) fn create(db: &Database) -> anyhow::Result<()> {
    let txn = db.begin_write()?;
    txn.open_table(USERS)?;
    txn.open_table(USER_IDS_BY_NAME)?;
    txn.open_table(USER_IDS_BY_FOLD)?;
    txn.open_table(LOOKS)?;
    txn.open_table(ADMINS)?;
    txn.open_table(SESSIONS)?;
    txn.open_table(SESSIONS_BY_USER)?;
    txn.open_table(REVOKED)?;
    txn.open_table(RESETS)?;
    txn.open_table(RESET_TIMES)?;
    txn.open_table(RESETS_BY_USER)?;
    txn.open_table(ADDRESSES)?;
    txn.open_table(META)?;
    Ok(txn.commit()?)
}

/// Reads a row; `what` names it to whoever has to repair it.
pub(super) fn decode<T: DeserializeOwned>(
    json: &[u8],
    what: impl FnOnce() -> String,
) -> anyhow::Result<T> {
    serde_json::from_slice(json).with_context(|| Damaged(what()))
}

/// None where a row can't be read; the log says which one.
pub(super) fn or_none<T>(read: anyhow::Result<Option<T>>) -> anyhow::Result<Option<T>> {
    match read {
        Err(error) if error.is::<Damaged>() => {
            tracing::error!("{error:#}; `hallpass store check` finds more of its kind");
            Ok(None)
        }
        read => read,
    }
}

/// A stored time.
pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}
