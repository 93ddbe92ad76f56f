use redb::{Key, ReadOnlyTable, ReadTransaction, TableError, Value};

use super::finding::{Finding, Remedy};
use crate::store::redb::guard::guarded;
use crate::store::redb::tables::{
    ADDRESSES, ADMINS, AUDIT, AUDIT_BY_USER, Id, LOOKS, OAUTH_CLIENTS, RESET_TIMES, RESETS,
    RESETS_BY_USER, SESSIONS, SESSIONS_BY_USER, USER_IDS_BY_FOLD, USER_IDS_BY_NAME, USERS,
};
use crate::store::redb::{sessions, users};
use crate::store::{Session, SessionId, User, UserId};

/// The tables of a database, open to read.
pub(super) struct Tables {
    pub(super) users: ReadOnlyTable<Id, &'static [u8]>,
    pub(super) names: ReadOnlyTable<&'static str, Id>,
    pub(super) folds: ReadOnlyTable<(&'static str, Id), ()>,
    pub(super) looks: ReadOnlyTable<(&'static str, bool, Id), ()>,
    pub(super) admins: ReadOnlyTable<Id, ()>,
    pub(super) sessions: ReadOnlyTable<Id, (i64, &'static [u8])>,
    pub(super) sessions_of: ReadOnlyTable<(Id, Id), ()>,
    pub(super) resets: ReadOnlyTable<&'static [u8; 32], (Id, Id, i64)>,
    pub(super) reset_times: ReadOnlyTable<&'static [u8; 32], i64>,
    pub(super) resets_of: ReadOnlyTable<Id, &'static [u8; 32]>,
    pub(super) addresses: ReadOnlyTable<Id, &'static [u8]>,
    pub(super) oauth_clients: ReadOnlyTable<&'static str, &'static [u8]>,
    pub(super) audit: ReadOnlyTable<Id, &'static [u8]>,
    pub(super) audit_of: ReadOnlyTable<(Id, Id), ()>,
}

impl Tables {
    pub(super) fn open(txn: &ReadTransaction) -> Result<Self, TableError> {
        Ok(Self {
            users: txn.open_table(USERS)?,
            names: txn.open_table(USER_IDS_BY_NAME)?,
            folds: txn.open_table(USER_IDS_BY_FOLD)?,
            looks: txn.open_table(LOOKS)?,
            admins: txn.open_table(ADMINS)?,
            sessions: txn.open_table(SESSIONS)?,
            sessions_of: txn.open_table(SESSIONS_BY_USER)?,
            resets: txn.open_table(RESETS)?,
            reset_times: txn.open_table(RESET_TIMES)?,
            resets_of: txn.open_table(RESETS_BY_USER)?,
            addresses: txn.open_table(ADDRESSES)?,
            oauth_clients: txn.open_table(OAUTH_CLIENTS)?,
            audit: txn.open_table(AUDIT)?,
            audit_of: txn.open_table(AUDIT_BY_USER)?,
        })
    }

    /// The user, if the record can be read.
    pub(super) fn user(&self, id: UserId) -> anyhow::Result<Option<User>> {
        Ok(users::get(&self.users, id).ok().flatten().filter(|user| user.id == id))
    }

    pub(super) fn session(&self, id: SessionId) -> anyhow::Result<Option<Session>> {
        Ok(sessions::get(&self.sessions, id).ok().flatten().filter(|session| session.id == id))
    }
}

/// Looks at each row of a table. Where a page can't be read, the rest of the table is left out.
pub(super) fn each<K: Key, V: Value>(
    table: &ReadOnlyTable<K, V>,
    name: &'static str,
    findings: &mut Vec<Finding>,
    mut look: impl FnMut(K::SelfType<'_>, V::SelfType<'_>, &mut Vec<Finding>) -> anyhow::Result<()>,
) {
    let mut read = 0u64;
    let rows = || {
        for row in table.range::<K::SelfType<'_>>(..)? {
            let (key, value) = row?;
            look(key.value(), value.value(), findings)?;
            read += 1;
        }
        Ok(())
    };
    if let Err(error) = guarded(rows) {
        let key = format!("after {read} rows");
        findings.push(Finding::new(name, key, format!("{error:#}"), Remedy::Salvage));
    }
}
