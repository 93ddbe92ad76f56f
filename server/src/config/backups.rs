use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use rustix::fs::Access;

use super::values::backup_period;
use super::{DatabaseArgs, List, Switch, list};
use crate::backup::{AgeKey, Plan, Seal};

/// Backups that the server makes by itself.
#[derive(Args, Clone, Debug)]
pub struct BackupArgs {
    /// Directory for backups that the server makes by itself. It must be there, and the server must
    /// be allowed to write to it. Without the option, there are none
    #[arg(long, value_name = "DIR")]
    backup_dir: Option<PathBuf>,

    /// How much time is between two backups: 1m to 90d
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "24h",
        value_parser = backup_period
    )]
    backup_every: Duration,

    /// How many backups are kept: 1 to 10000. Older ones are removed
    #[arg(
        long,
        value_name = "N",
        default_value_t = 7,
        value_parser = clap::value_parser!(u16).range(1..=10_000)
    )]
    backup_keep: u16,

    /// Encrypt the backups for the owner of this age key, such as age1...; `age-keygen` makes one.
    /// Repeat the option for several
    #[arg(
        long,
        value_name = "AGE_KEY",
        value_parser = |text: &str| list(text, |key| key.parse::<AgeKey>())
    )]
    backup_recipient: Vec<List<AgeKey>>,

    /// Encrypt the backups with the passphrase in the first line of this file
    #[arg(long, value_name = "FILE")]
    backup_passphrase_file: Option<PathBuf>,

    /// Whether the backups are not encrypted. Whoever can read one has all keys and password hashes
    #[arg(
        long,
        value_name = "ON|OFF",
        value_enum,
        hide_possible_values = true,
        default_value = "off"
    )]
    backup_plain: Switch,
}

impl BackupArgs {
    /// The backups to make. None if there is no directory for them.
    ///
    /// # Errors
    ///
    /// If the settings do not go together, or name what is not there.
    pub(crate) fn plan(&self, database: &DatabaseArgs) -> anyhow::Result<Option<Plan>> {
        let Some(dir) = self.backup_dir.clone() else { return Ok(None) };
        ensure!(
            database.database_url.is_none(),
            "--backup-dir is for the database in the data directory; back up PostgreSQL with \
             pg_dump, and keep a copy of the master key elsewhere"
        );
        ensure!(dir.is_dir(), "there is no directory {}, as --backup-dir says", dir.display());
        rustix::fs::access(&dir, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)
            .with_context(|| format!("can't write to --backup-dir {}", dir.display()))?;
        let (period, keep) = (self.backup_every, self.backup_keep.into());
        Ok(Some(Plan { dir, period, keep, seal: self.seal()? }))
    }

    fn seal(&self) -> anyhow::Result<Seal> {
        let keys: Vec<AgeKey> = List::flat(&self.backup_recipient).cloned().collect();
        match (&self.backup_passphrase_file, keys.is_empty(), self.backup_plain.is_on()) {
            (None, false, false) => Ok(Seal::Recipients(keys)),
            (Some(file), true, false) => {
                Seal::with_passphrase_of(file).context("can't use --backup-passphrase-file")
            }
            (None, true, true) => Ok(Seal::Plain),
            _ => bail!(
                "--backup-dir needs one of --backup-recipient, --backup-passphrase-file and \
                 --backup-plain on"
            ),
        }
    }
}
