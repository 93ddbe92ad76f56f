//! `hallpass store check` and `hallpass store repair`: finds what can't be read in a database file
//! or does not fit together.

mod audit;
pub(super) mod find;
mod finding;
mod oauth_clients;
mod repair;
mod sessions;
mod tables;
mod unchanged;
mod users;

#[cfg(test)]
mod tests;

use std::path::Path;

use redb::Database;

pub use self::finding::Finding;
pub use self::repair::{Repaired, repair_file};
pub(super) use self::unchanged::Unchanged;
use super::guard::guarded;
use super::open::{self, InUse};
use super::schema::TooNew;
use crate::data_dir;

/// Looks at every page and every row of a database file, and changes nothing.
///
/// # Errors
///
/// If another process has it open, it is of a later version, or the disk refuses.
pub fn check_file(path: &Path) -> anyhow::Result<Vec<Finding>> {
    let db = || -> anyhow::Result<Database> {
        open::open_on(Unchanged::new(data_dir::open_file(path)?), path)
    };
    let mut findings = Vec::new();
    // The database is opened, used and closed inside, since any of these may panic.
    match guarded(|| Ok(db()?.check_integrity()?)) {
        Ok(true) => {}
        Ok(false) => findings.push(Finding::of_the_file(path, "its free pages are miscounted")),
        Err(error) if error.is::<InUse>() => return Err(error),
        Err(error) => {
            findings.push(Finding::of_the_file(path, format!("it has damaged pages: {error:#}")));
        }
    }
    // Opened again, since a check that failed leaves a database that can't be used.
    match guarded(|| find::all(&db()?)) {
        Ok(found) => findings.extend(found),
        Err(error) if error.is::<TooNew>() => return Err(error),
        Err(error) => findings.push(Finding::of_the_file(path, format!("{error:#}"))),
    }
    Ok(findings)
}
