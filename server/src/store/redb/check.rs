//! `hallpass store check` and `hallpass store repair`: what a database file has that can't be read
//! or does not fit together.

mod find;
mod repair;
mod unchanged;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use anyhow::Context as _;
use redb::{Database, ReadableDatabase as _};

pub use self::repair::{Repaired, repair_file};
use self::unchanged::Unchanged;
use super::{InUse, names, open, tables};
use crate::data_dir;
use crate::store::redb::guard::guarded;
use crate::store::{SessionId, UserId};

/// Something that is wrong in a database file.
#[derive(Debug)]
pub struct Finding {
    /// In which table.
    pub table: &'static str,
    /// The key of the row.
    pub key: String,
    /// What is wrong.
    pub fault: String,
    remedy: Remedy,
}

/// What `store repair` does about it. What it removes it sets aside first.
#[derive(Debug)]
enum Remedy {
    RemoveUser(UserId),
    RemoveName(String),
    AddName(String, UserId),
    /// The tables of spellings follow from the users and are made anew.
    RebuildSpellings,
    RemoveAdmin(UserId),
    AddAdmin(UserId),
    RemoveSession(SessionId),
    RemoveSessionOf(UserId, SessionId),
    AddSessionOf(UserId, SessionId),
    RemoveReset([u8; 32]),
    RemoveResetOf(UserId),
    RemoveAddresses(UserId),
    /// It takes a person.
    None,
    /// A page of the file is damaged.
    Salvage,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, key, fault, .. } = self;
        write!(f, "{table} {key}: {fault}")
    }
}

impl Finding {
    fn new(
        table: &'static str,
        key: impl fmt::Display,
        fault: impl fmt::Display,
        remedy: Remedy,
    ) -> Self {
        Self { table, key: key.to_string(), fault: fault.to_string(), remedy }
    }

    /// The file itself is damaged.
    fn of_the_file(path: &Path, fault: impl fmt::Display) -> Self {
        Self::new("file", path.display(), fault, Remedy::Salvage)
    }
}

/// Looks at every page and every row of a database file, and changes nothing.
///
/// # Errors
///
/// If another process has it open, or the disk refuses.
pub fn check_file(path: &Path) -> anyhow::Result<Vec<Finding>> {
    let db = || -> anyhow::Result<Database> {
        open::open_on(Unchanged::new(data_dir::open_file(path)?), path)
    };
    let mut findings = Vec::new();
    // The database is closed inside, too: that may panic like all else.
    match guarded(|| Ok(db()?.check_integrity()?)) {
        Ok(true) => {}
        Ok(false) => findings.push(Finding::of_the_file(path, "its free pages are miscounted")),
        Err(error) if error.is::<InUse>() => return Err(error),
        Err(error) => {
            findings.push(Finding::of_the_file(path, format!("it has damaged pages: {error:#}")));
        }
    }
    // Anew: a check that failed leaves a database that can't be used.
    match guarded(|| rows(&db()?)) {
        Ok(rows) => findings.extend(rows),
        Err(error) => findings.push(Finding::of_the_file(path, format!("{error:#}"))),
    }
    Ok(findings)
}

fn rows(db: &Database) -> anyhow::Result<Vec<Finding>> {
    // As each start does, so that a database of an earlier version has what this one reads.
    tables::create(db)?;
    names::migrate(db)?;
    find::all(&db.begin_read().context("can't read")?)
}
