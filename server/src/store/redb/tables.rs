//! The tables of the file, and how their records are read.

use anyhow::Context as _;
use jiff::Timestamp;
use redb::{ReadableTable, TableDefinition, TableError, WriteTransaction};
use serde::de::DeserializeOwned;

use super::failure::Damaged;

/// How a table keeps an id.
pub(super) type Id = &'static [u8; 16];

/// A table of sessions, open to read or to write.
pub(super) trait Sessions: ReadableTable<Id, (i64, &'static [u8])> {}
impl<T: ReadableTable<Id, (i64, &'static [u8])>> Sessions for T {}

/// A table of records of users, open to read or to write.
pub(super) trait Records: ReadableTable<Id, &'static [u8]> {}
impl<T: ReadableTable<Id, &'static [u8]>> Records for T {}

/// User id to [`User`](crate::store::User) as JSON, which can gain fields without a migration.
pub(super) const USERS: TableDefinition<'_, Id, &[u8]> = TableDefinition::new("users");

/// Case-mapped username to user id. [`names`](super::names) has all spellings of a name.
pub(super) const USER_IDS_BY_NAME: TableDefinition<'_, &str, Id> =
    TableDefinition::new("user_ids_by_name");

/// Folded username and user id. A fold that is the case-mapped name itself has no row.
pub(super) const USER_IDS_BY_FOLD: TableDefinition<'_, (&str, Id), ()> =
    TableDefinition::new("user_ids_by_fold");

/// What a username looks like, whether it has letters beyond ASCII, and the user id. A name of
/// ASCII alone that looks like its case-mapped self has no row.
pub(super) const LOOKS: TableDefinition<'_, (&str, bool, Id), ()> = TableDefinition::new("looks");

/// The active admins, to be counted.
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

/// SHA-256 of a reset token to the millisecond in which it was made. Offers of the first version
/// have no row.
pub(super) const RESET_TIMES: TableDefinition<'_, &[u8; 32], i64> =
    TableDefinition::new("reset_times");

/// User id to the SHA-256 of their reset token.
pub(super) const RESETS_BY_USER: TableDefinition<'_, Id, &[u8; 32]> =
    TableDefinition::new("resets_by_user");

/// User id to the addresses they signed in from as JSON, the newest one last.
pub(super) const ADDRESSES: TableDefinition<'_, Id, &[u8]> = TableDefinition::new("addresses");

/// Challenge id to how often somebody tried to answer it, and the millisecond in which it expires.
pub(super) const CHALLENGES: TableDefinition<'_, Id, (u32, i64)> =
    TableDefinition::new("challenges");

/// The name of an OAuth client to [`OauthClient`](crate::store::OauthClient) as JSON.
pub(super) const OAUTH_CLIENTS: TableDefinition<'_, &str, &[u8]> =
    TableDefinition::new("oauth_clients");

/// Audit record id to [`AuditRecord`](crate::store::AuditRecord) as JSON.
pub(super) const AUDIT: TableDefinition<'_, Id, &[u8]> = TableDefinition::new("audit");

/// User id, and id of an audit record that concerns the user or tells what they did.
pub(super) const AUDIT_BY_USER: TableDefinition<'_, (Id, Id), ()> =
    TableDefinition::new("audit_by_user");

/// What is known of the database as a whole, by name.
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// Makes the tables that are missing, so that all can be read.
pub(super) fn create(txn: &WriteTransaction) -> Result<(), TableError> {
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
    txn.open_table(CHALLENGES)?;
    txn.open_table(OAUTH_CLIENTS)?;
    txn.open_table(AUDIT)?;
    txn.open_table(AUDIT_BY_USER)?;
    txn.open_table(META)?;
    Ok(())
}

/// Reads a record; `what` names it in the error.
pub(super) fn decode<T: DeserializeOwned>(
    json: &[u8],
    what: impl FnOnce() -> String,
) -> anyhow::Result<T> {
    serde_json::from_slice(json).with_context(|| Damaged(what()))
}

/// None where a record can't be read; the log names it.
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
