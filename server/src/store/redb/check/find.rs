//! Looks at every row of every table.

use anyhow::Context as _;
use redb::{Database, ReadableDatabase as _};

use super::finding::{Finding, Remedy};
use super::tables::Tables;
use crate::store::redb::failure::Damaged;
use crate::store::redb::schema;

/// All that is wrong, once the database is brought up to date as each start does.
pub(in crate::store::redb) fn all(db: &Database) -> anyhow::Result<Vec<Finding>> {
    if let Err(error) = schema::migrate(db) {
        return if error.is::<Damaged>() { Ok(vec![no_version()]) } else { Err(error) };
    }
    let tables = Tables::open(&db.begin_read().context("can't read")?)?;
    let mut findings = Vec::new();
    tables.check_users(&mut findings);
    tables.check_names(&mut findings);
    tables.check_spellings(&mut findings);
    tables.check_sessions(&mut findings);
    tables.check_resets(&mut findings);
    tables.check_reset_times(&mut findings);
    tables.check_addresses(&mut findings);
    tables.check_oauth_clients(&mut findings);
    tables.check_audit(&mut findings);
    Ok(findings)
}

/// Nothing else can be said of a file of an unknown version.
fn no_version() -> Finding {
    let fault = "the version can't be read; restore a backup";
    Finding::new("meta", schema::VERSION_KEY, fault, Remedy::None)
}
