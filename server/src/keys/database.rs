use anyhow::Context as _;
use hallpass_contract::Secret;
use jiff::Timestamp;
use tokio::runtime::Handle;

use super::contents::{Contents, OtherKeys};
use super::master_key::{MasterKey, NotOpened};
use super::storage::{Loaded, Replacement, Storage};
use crate::store::KeyRows;

/// What the sealed keys are bound to, besides the database.
const KIND: &str = "hallpass keys 1 ";

/// Keys in a database, sealed with the master key.
#[derive(Clone, Debug)]
pub struct DatabaseKeys {
    rows: KeyRows,
    master: MasterKey,
    runtime: Handle,
}

/// There are keys in the database, but they can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnusableKeys(NotOpened);

impl DatabaseKeys {
    /// Must be made in a tokio runtime. It is then used on threads that may block.
    pub fn new(rows: KeyRows, master: MasterKey) -> Self {
        Self { rows, master, runtime: Handle::current() }
    }
}

/// What was sealed for a database.
pub(super) fn opened(
    master: &MasterKey,
    database: &str,
    sealed: &[u8],
) -> anyhow::Result<Contents> {
    let json = master.open(sealed, context(database).as_bytes()).map_err(UnusableKeys)?;
    Contents::parse(&json).context(UnusableKeys(NotOpened::Damaged))
}

/// Seals keys for a database.
pub(super) fn seal(master: &MasterKey, database: &str, keys: &Contents) -> anyhow::Result<Vec<u8>> {
    master.seal(serde_json::to_vec(keys)?, context(database).as_bytes())
}

fn context(database: &str) -> String {
    format!("{KIND}{database}")
}

impl Storage for DatabaseKeys {
    fn load(&self, secret: Option<&Secret>, _: Timestamp) -> anyhow::Result<Loaded> {
        let stored = self.runtime.block_on(self.rows.read())?;
        let version = stored.version;
        let Some(sealed) = &stored.sealed else {
            return Ok(Loaded { version, keys: None, others: OtherKeys::generate()? });
        };
        let contents = opened(&self.master, &stored.database, sealed)?;
        let unusable = || UnusableKeys(NotOpened::Damaged);
        let (keys, others) = contents.into_keys(secret).with_context(unusable)?;
        Ok(Loaded { version, keys: Some(keys), others })
    }

    fn version(&self) -> anyhow::Result<u64> {
        Ok(self.runtime.block_on(self.rows.version())?)
    }

    fn replace(&self, replacement: &Replacement) -> anyhow::Result<Option<u64>> {
        let Replacement { version, new, .. } = replacement;
        let database = self.runtime.block_on(self.rows.read())?.database;
        let sealed = seal(&self.master, &database, new)?;
        Ok(self.runtime.block_on(self.rows.replace(*version, sealed))?)
    }
}
