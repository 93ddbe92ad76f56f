//! Keys on their way from one place to another.

use std::path::Path;

use anyhow::{Context as _, ensure};
use jiff::Timestamp;

use super::contents::Contents;
use super::database::{opened, seal};
use super::file::KeyFile;
use super::master_key::MasterKey;
use super::storage::Storage as _;
use crate::store::SealedKeys;

/// All keys of a data directory or a database. With HS256, the secret is not among them.
#[derive(Debug, Eq, PartialEq)]
pub struct StoredKeys(Contents);

impl StoredKeys {
    /// Those of a data directory, if it has any.
    ///
    /// # Errors
    ///
    /// If they can't be read.
    pub fn of_directory(dir: &Path, now: Timestamp) -> anyhow::Result<Option<Self>> {
        let loaded = KeyFile::new(dir).load(None, now)?;
        Ok(loaded.keys.map(|keys| Self(Contents::new(&keys, &loaded.others))))
    }

    /// Those of a database, if it has any.
    ///
    /// # Errors
    ///
    /// If another master key sealed them, or they are damaged.
    pub fn of_database(keys: &SealedKeys, master: &MasterKey) -> anyhow::Result<Option<Self>> {
        let open = |sealed: &Vec<u8>| opened(master, &keys.database, sealed).map(Self);
        keys.sealed.as_ref().map(open).transpose()
    }

    /// The keys, sealed for the database that holds `there`. None if it has them already.
    ///
    /// # Errors
    ///
    /// If it has other keys.
    pub fn seal_for(
        &self,
        there: &SealedKeys,
        master: &MasterKey,
    ) -> anyhow::Result<Option<Vec<u8>>> {
        match Self::of_database(there, master).context("the target has keys already")? {
            None => seal(master, &there.database, &self.0).map(Some),
            Some(keys) => self.ensure_same(&keys).map(|()| None),
        }
    }

    /// Writes the keys into a data directory, unless it has them already.
    ///
    /// # Errors
    ///
    /// If it has other keys, or the disk fails.
    pub fn write_into(&self, dir: &Path, now: Timestamp) -> anyhow::Result<()> {
        match Self::of_directory(dir, now).context("the target has keys already")? {
            None => KeyFile::new(dir).write(&self.0),
            Some(keys) => self.ensure_same(&keys),
        }
    }

    fn ensure_same(&self, there: &Self) -> anyhow::Result<()> {
        ensure!(self == there, "the target holds other keys, and a copy needs an empty one");
        Ok(())
    }
}
