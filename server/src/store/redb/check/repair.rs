//! Sets aside what can't be read and mends what does not fit together.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use data_encoding::BASE64;
use jiff::Timestamp;
use redb::{Database, ReadableTable as _, TableDefinition, WriteTransaction};
use serde::Serialize;

use super::find;
use super::finding::{Finding, Remedy};
use crate::data_dir;
use crate::store::redb::guard::guarded;
use crate::store::redb::tables::{
    ADDRESSES, ADMINS, AUDIT_BY_USER, Id, OAUTH_CLIENTS, RESET_TIMES, RESETS, RESETS_BY_USER,
    SESSIONS, SESSIONS_BY_USER, USER_IDS_BY_NAME, USERS,
};
use crate::store::redb::{audit, names, open};

/// What a repair did.
#[derive(Debug)]
pub struct Repaired {
    /// What was wrong and is mended.
    pub mended: Vec<Finding>,
    /// What a person must decide.
    pub left: Vec<Finding>,
    /// The file that holds what was removed, if anything was.
    pub set_aside: Option<PathBuf>,
}

/// A row that was removed.
#[derive(Serialize)]
struct SetAside {
    table: &'static str,
    key: String,
    value: String,
    fault: String,
}

/// Sets aside the rows that can't be read or belong to nobody, and mends the references between the
/// others. It writes the rows to a file of their own before it removes them.
///
/// # Errors
///
/// If another process has the database open, its file is damaged, or the disk refuses.
pub fn repair_file(path: &Path, now: Timestamp) -> anyhow::Result<Repaired> {
    // The database is opened, used and closed inside, since any of these may panic.
    guarded(|| repair(open::open_file(path)?, path, now))
}

fn repair(mut db: Database, path: &Path, now: Timestamp) -> anyhow::Result<Repaired> {
    // Where only the free pages are miscounted, this mends them.
    db.check_integrity().context(NOT_HERE)?;
    let findings = find::all(&db)?;
    if findings.iter().any(|finding| matches!(finding.remedy, Remedy::Salvage)) {
        bail!(NOT_HERE);
    }
    let is_left = |finding: &Finding| matches!(finding.remedy, Remedy::None);
    let (left, mended): (Vec<_>, Vec<_>) = findings.into_iter().partition(is_left);
    let txn = db.begin_write()?;
    let mut removed = Vec::new();
    for finding in &mended {
        removed.extend(remove(&txn, finding)?);
    }
    for finding in &mended {
        add(&txn, finding)?;
    }
    if mended.iter().any(|finding| matches!(finding.remedy, Remedy::RebuildSpellings)) {
        names::rebuild(&txn)?;
    }
    let set_aside = write(path, &removed, now).context("nothing was changed")?;
    txn.commit()?;
    Ok(Repaired { mended, left, set_aside })
}

const NOT_HERE: &str = "nothing was changed: pages of the file itself are damaged, which this can't \
                        mend; restore a backup";

fn write(path: &Path, removed: &[SetAside], now: Timestamp) -> anyhow::Result<Option<PathBuf>> {
    if removed.is_empty() {
        return Ok(None);
    }
    let name = format!("set-aside-{}.jsonl", now.strftime("%Y%m%dT%H%M%S%.3fZ"));
    let file = path.with_file_name(name);
    data_dir::create_whole(&file, |mut file| {
        for row in removed {
            serde_json::to_writer(&mut file, row)?;
            file.write_all(b"\n")?;
        }
        Ok(())
    })?;
    Ok(Some(file))
}

/// The row that is removed, if the remedy is to remove one.
fn remove(txn: &WriteTransaction, finding: &Finding) -> anyhow::Result<Option<SetAside>> {
    let row = |key: &[u8], value: &[u8]| SetAside {
        table: finding.table,
        key: BASE64.encode(key),
        value: BASE64.encode(value),
        fault: finding.fault.clone(),
    };
    Ok(match &finding.remedy {
        Remedy::RemoveUser(id) => {
            audit::forget_addresses(txn, *id, None)?;
            taken(txn, USERS, id.as_bytes())?.map(|json| row(id.as_bytes(), &json))
        }
        Remedy::RemoveName(name) => txn
            .open_table(USER_IDS_BY_NAME)?
            .remove(name.as_str())?
            .map(|id| row(name.as_bytes(), id.value())),
        Remedy::RemoveAdmin(id) => {
            txn.open_table(ADMINS)?.remove(id.as_bytes())?.map(|_| row(id.as_bytes(), &[]))
        }
        Remedy::RemoveSession(id) => txn
            .open_table(SESSIONS)?
            .remove(id.as_bytes())?
            .map(|session| row(id.as_bytes(), session.value().1)),
        Remedy::RemoveSessionOf(user, id) => {
            let (key, pair) =
                ((user.as_bytes(), id.as_bytes()), [*user.as_bytes(), *id.as_bytes()]);
            txn.open_table(SESSIONS_BY_USER)?.remove(key)?.map(|_| row(&pair.concat(), &[]))
        }
        Remedy::RemoveAddresses(id) => {
            taken(txn, ADDRESSES, id.as_bytes())?.map(|json| row(id.as_bytes(), &json))
        }
        Remedy::RemoveOauthClient(name) => txn
            .open_table(OAUTH_CLIENTS)?
            .remove(name.as_str())?
            .map(|json| row(name.as_bytes(), json.value())),
        Remedy::RemoveAudit(id) => audit::remove(txn, *id)?.map(|json| row(id.as_bytes(), &json)),
        Remedy::RemoveAuditOf(user, id) => {
            let (key, pair) =
                ((user.as_bytes(), id.as_bytes()), [*user.as_bytes(), *id.as_bytes()]);
            txn.open_table(AUDIT_BY_USER)?.remove(key)?.map(|_| row(&pair.concat(), &[]))
        }
        remedy => return remove_of_reset(txn, remedy, row),
    })
}

/// The row of a reset link that is removed, if the remedy is to remove one.
fn remove_of_reset(
    txn: &WriteTransaction,
    remedy: &Remedy,
    row: impl Fn(&[u8], &[u8]) -> SetAside,
) -> anyhow::Result<Option<SetAside>> {
    Ok(match remedy {
        Remedy::RemoveReset(hash) => {
            txn.open_table(RESET_TIMES)?.remove(hash)?;
            txn.open_table(RESETS)?.remove(hash)?.map(|reset| {
                let (user, by, until) = reset.value();
                row(hash, &[&user[..], &by[..], &until.to_be_bytes()].concat())
            })
        }
        Remedy::RemoveResetTime(hash) => txn
            .open_table(RESET_TIMES)?
            .remove(hash)?
            .map(|at| row(hash, &at.value().to_be_bytes())),
        Remedy::RemoveResetOf(user) => txn
            .open_table(RESETS_BY_USER)?
            .remove(user.as_bytes())?
            .map(|hash| row(user.as_bytes(), hash.value())),
        _ => None,
    })
}

/// Removes a row of a table, and returns its value.
fn taken(
    txn: &WriteTransaction,
    table: TableDefinition<'_, Id, &'static [u8]>,
    id: &[u8; 16],
) -> anyhow::Result<Option<Vec<u8>>> {
    Ok(txn.open_table(table)?.remove(id)?.map(|json| json.value().to_vec()))
}

/// Adds the row, if the remedy is to add one.
fn add(txn: &WriteTransaction, finding: &Finding) -> anyhow::Result<()> {
    match &finding.remedy {
        Remedy::AddName(name, id) => {
            let mut names = txn.open_table(USER_IDS_BY_NAME)?;
            // Of two users with the same name, the earlier one.
            if names.get(name.as_str())?.is_none() {
                names.insert(name.as_str(), id.as_bytes())?;
            }
        }
        Remedy::AddAdmin(id) => {
            txn.open_table(ADMINS)?.insert(id.as_bytes(), ())?;
        }
        Remedy::AddSessionOf(user, id) => {
            let key = (user.as_bytes(), id.as_bytes());
            txn.open_table(SESSIONS_BY_USER)?.insert(key, ())?;
        }
        Remedy::AddAuditOf(user, id) => {
            txn.open_table(AUDIT_BY_USER)?.insert((user.as_bytes(), id.as_bytes()), ())?;
        }
        _ => {}
    }
    Ok(())
}
