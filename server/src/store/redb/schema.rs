//! The version of the file's schema, and how a file of an earlier version is brought up to date.
//!
//! Records are JSON and can gain fields with `#[serde(default)]`; that is no new version. A new
//! table, or a new form of a key or a row, is: append a step to [`STEPS`].

use redb::{Database, ReadableTable as _, WriteTransaction};

use super::failure::Damaged;
use super::names;
use super::tables::{self, META};

/// The row of [`META`] that has the version, as a big-endian u32. Files from before there were
/// versions have none; that is version 0.
pub(super) const VERSION_KEY: &str = "schema";

/// One step of a migration.
type Step = fn(&WriteTransaction) -> anyhow::Result<()>;

/// Step n brings a file from version n to version n + 1. A new file begins at version 0, so every
/// step must do for an empty file, too.
const STEPS: &[Step] = &[
    |txn| Ok(tables::create(txn)?),
    // The tables of the audit log are new.
    |txn| Ok(tables::create(txn)?),
    // Users have factors, which an earlier version would drop. The table of challenges is new.
    |txn| Ok(tables::create(txn)?),
    // The table of OAuth clients is new.
    |txn| Ok(tables::create(txn)?),
];

/// The version that this program writes.
pub(super) const VERSION: u32 = STEPS.len() as u32;

/// The file is from a later version of the program.
#[derive(Debug, thiserror::Error)]
#[error(
    "the database has schema version {found} and this hallpass knows version {VERSION}; run the \
     hallpass that wrote it, or restore a backup from before the upgrade"
)]
pub(super) struct TooNew {
    found: u32,
}

/// Brings the file up to date in one transaction, and makes what a new file needs.
///
/// # Errors
///
/// [`TooNew`], [`Damaged`] if the version can't be read, or the disk refuses.
pub(super) fn migrate(db: &Database) -> anyhow::Result<()> {
    run(db, STEPS)
}

fn run(db: &Database, steps: &[Step]) -> anyhow::Result<()> {
    let txn = db.begin_write()?;
    let found = version(&txn)?;
    let due = steps.get(found as usize..).ok_or(TooNew { found })?;
    due.iter().try_for_each(|step| step(&txn))?;
    // Not a step: it is due with each new version of Unicode.
    let spellings_are_new = names::migrate(&txn)?;
    if due.is_empty() && !spellings_are_new {
        return Ok(txn.abort()?);
    }
    txn.open_table(META)?.insert(VERSION_KEY, VERSION.to_be_bytes().as_slice())?;
    Ok(txn.commit()?)
}

fn version(txn: &WriteTransaction) -> anyhow::Result<u32> {
    let meta = txn.open_table(META)?;
    let Some(row) = meta.get(VERSION_KEY)? else { return Ok(0) };
    let bytes = row.value().try_into().map_err(|_| Damaged("the schema version".to_owned()))?;
    Ok(u32::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests;
