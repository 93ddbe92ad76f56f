use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use hallpass_contract::Secret;
use redb::backends::{FileBackend, InMemoryBackend};
use redb::{Database, Key, TableDefinition, TableHandle as _, Value, WriteTransaction};

use super::{Visit, each_table, types};
use crate::data_dir;
use crate::store::backup::{Head, NotSound, Reader, Record};
use crate::store::redb::check::{Finding, find};
use crate::store::redb::guard::{DamagedFile, guarded};
use crate::store::redb::schema;

/// The rows of a backup are not those of a database.
#[derive(Debug, thiserror::Error)]
#[error("the backup holds what no hallpass writes; use another backup")]
pub struct BadBackup;

/// Makes the database file at `path` from a backup. If it fails, no file is made. Returns what the
/// backup says of itself, and the contents of the keys file.
///
/// # Errors
///
/// If the backup is not sound or of a later version, or the disk refuses.
pub fn restore_backup(path: &Path, input: impl Read) -> anyhow::Result<(Head, Option<Secret>)> {
    let mut restored = None;
    data_dir::create_whole(path, |file| {
        let backend = FileBackend::new(file)?;
        let filled = in_order(|| fill(&Database::builder().create_with_backend(backend)?, input));
        restored = Some(filled?);
        Ok(())
    })?;
    restored.context("another process has made a database here meanwhile")
}

/// Restores a backup in memory and looks for what is wrong there.
///
/// # Errors
///
/// If the backup is not sound or of a later version.
pub fn check_backup(input: impl Read) -> anyhow::Result<(Head, Vec<Finding>)> {
    in_order(|| {
        let db = Database::builder().create_with_backend(InMemoryBackend::new())?;
        let (head, _) = fill(&db, input)?;
        Ok((head, find::all(&db)?))
    })
}

/// A panic of redb means that it was given bytes that are no row.
fn in_order<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    guarded(work).map_err(|error| if error.is::<DamagedFile>() { BadBackup.into() } else { error })
}

fn fill(db: &Database, input: impl Read) -> anyhow::Result<(Head, Option<Secret>)> {
    let (mut reader, head) = Reader::begin(input)?;
    ensure!(head.schema <= schema::VERSION, NotSound::TooNew);
    let txn = db.begin_write()?;
    let (mut keys, mut next) = (None, reader.next()?);
    loop {
        next = match next {
            Record::Keys(text) => {
                keys = Some(text);
                reader.next()?
            }
            Record::Table { name, types } => {
                let mut filling =
                    Filling { txn: &txn, reader: &mut reader, name: &name, types, next: None };
                each_table(&mut filling)?;
                filling.next.ok_or(NotSound::TooNew)?
            }
            Record::Row(..) => bail!(BadBackup),
            Record::End => break,
        };
    }
    txn.commit()?;
    schema::migrate(db)?;
    Ok((head, keys))
}

/// Fills the table that is named.
struct Filling<'a, R> {
    txn: &'a WriteTransaction,
    reader: &'a mut Reader<R>,
    name: &'a str,
    types: (String, String),
    /// What follows the last row. None before the table is found.
    next: Option<Record>,
}

impl<R: Read> Visit for Filling<'_, R> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<'static, K, V>,
    ) -> anyhow::Result<()> {
        if definition.name() != self.name {
            return Ok(());
        }
        ensure!(self.types == types::<K, V>(), BadBackup);
        let mut table = self.txn.open_table(definition)?;
        loop {
            match self.reader.next()? {
                Record::Row(key, value) => {
                    // Panics at bytes that are none; the caller turns that into an error.
                    table.insert(K::from_bytes(&key), V::from_bytes(&value))?;
                }
                other => {
                    self.next = Some(other);
                    return Ok(());
                }
            }
        }
    }
}
