//! Backups of the file: every table, row by row, as one read transaction sees it.

mod restore;
mod save;

#[cfg(test)]
mod tests;

pub use self::restore::{BadBackup, check_backup, restore_backup};
pub(super) use self::save::save;

use redb::{Key, TableDefinition, Value};

use super::tables;

/// What is done with each table in turn.
trait Visit {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
    ) -> anyhow::Result<()>;
}

/// Visits all tables. A table that is not here can't be backed up: [`save`] then fails.
fn each_table(visit: &mut impl Visit) -> anyhow::Result<()> {
    visit.table(tables::META)?;
    visit.table(tables::USERS)?;
    visit.table(tables::USER_IDS_BY_NAME)?;
    visit.table(tables::USER_IDS_BY_FOLD)?;
    visit.table(tables::LOOKS)?;
    visit.table(tables::ADMINS)?;
    visit.table(tables::SESSIONS)?;
    visit.table(tables::SESSIONS_BY_USER)?;
    visit.table(tables::REVOKED)?;
    visit.table(tables::RESETS)?;
    visit.table(tables::RESET_TIMES)?;
    visit.table(tables::RESETS_BY_USER)?;
    visit.table(tables::ADDRESSES)?;
    visit.table(tables::CHALLENGES)?;
    visit.table(tables::OAUTH_CLIENTS)?;
    visit.table(tables::AUDIT)?;
    visit.table(tables::AUDIT_BY_USER)
}

/// What the keys and values of a table are.
fn types<K: Key, V: Value>() -> (String, String) {
    (K::type_name().name().to_owned(), V::type_name().name().to_owned())
}
