use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use hallpass_contract::Secret;

use super::{DatabaseArgs, MasterKeyArgs};
use crate::data_dir;
use crate::keys::MasterKey;

impl MasterKeyArgs {
    /// The master key, if one is given.
    ///
    /// # Errors
    ///
    /// If the file can't be read.
    pub fn read(&self) -> anyhow::Result<Option<MasterKey>> {
        self.master_key_file.as_deref().map(read).transpose()
    }

    /// The master key, which a database needs.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), or if none is given.
    pub fn needed(&self) -> anyhow::Result<MasterKey> {
        match self.read()? {
            Some(key) => Ok(key),
            None => bail!(
                "the keys of a database are sealed with a master key: make one with `hallpass keys \
                 new-master FILE`, and give it to every server of the database with \
                 --master-key-file FILE"
            ),
        }
    }
}

impl DatabaseArgs {
    /// The master key, if one is given.
    ///
    /// # Errors
    ///
    /// If there is no database for it, or the file can't be read.
    pub fn master_key(&self) -> anyhow::Result<Option<MasterKey>> {
        let is_given = self.master_key.master_key_file.is_some();
        ensure!(
            self.database_url.is_some() || !is_given,
            "--master-key-file is for --database-url; the keys of a data directory need no master \
             key"
        );
        self.master_key.read()
    }

    /// The master key, which a database needs.
    ///
    /// # Errors
    ///
    /// As [`master_key`](Self::master_key), or if none is given.
    pub fn needed_master_key(&self) -> anyhow::Result<MasterKey> {
        self.master_key.needed()
    }
}

fn read(path: &Path) -> anyhow::Result<MasterKey> {
    let failed = || format!("can't read --master-key-file {}", path.display());
    let text = Secret::from(fs::read_to_string(path).with_context(failed)?);
    data_dir::warn_if_others_can_read(path);
    MasterKey::parse(&text).with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(url: Option<&str>, file: Option<&Path>) -> DatabaseArgs {
        let master_key = MasterKeyArgs { master_key_file: file.map(Path::to_owned) };
        DatabaseArgs { database_url: url.map(Into::into), master_key }
    }

    #[test]
    fn a_database_and_a_master_key_need_each_other() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), MasterKey::generate().unwrap().expose()).unwrap();
        let url = Some("postgres://db.example/hallpass");
        assert!(args(url, Some(file.path())).needed_master_key().is_ok());
        assert!(args(url, None).master_key().unwrap().is_none());
        let lacking = args(url, None).needed_master_key().unwrap_err().to_string();
        assert!(lacking.contains("hallpass keys new-master"), "{lacking}");
        let superfluous = args(None, Some(file.path())).master_key().unwrap_err().to_string();
        assert!(superfluous.contains("--database-url"), "{superfluous}");
        assert!(args(None, None).master_key().unwrap().is_none());
    }

    #[test]
    fn a_bad_file_is_named_and_not_quoted() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "a master key of my own").unwrap();
        for path in [file.path(), Path::new("/no/such/file")] {
            let error =
                format!("{:#}", args(Some("postgres://x"), Some(path)).master_key().unwrap_err());
            assert!(error.contains(path.to_str().unwrap()) && !error.contains("my own"), "{error}");
        }
    }
}
