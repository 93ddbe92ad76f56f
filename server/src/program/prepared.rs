//! What the settings ask for and name, checked before anything is made, opened or listened on.
//! `hallpass serve` begins with it, and `hallpass config` ends with it.

use std::fmt;

use anyhow::{Context as _, ensure};

use super::certificate::Source;
use super::warnings::warn_about;
use crate::backup::Plan;
use crate::clock::Clock;
use crate::config::{Config, secret_from_environment};
use crate::keys::{KeySettings, MasterKey};
use crate::proof::factors::RelyingParty;
use crate::store::{DatabaseUrl, check_url};

/// Settings that go together, and what was read from the files that they name.
pub(super) struct Prepared {
    /// The backups to make by itself.
    pub(super) backups: Option<Plan>,
    /// Where the certificate comes from.
    pub(super) certificate: Source,
    /// How tokens are signed.
    pub(super) keys: KeySettings,
    /// The PostgreSQL database, if there is one, and the master key of its keys.
    pub(super) database: Option<(DatabaseUrl, MasterKey)>,
}

/// All that is wrong with the settings, in the order of the checks. There is at least one.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<anyhow::Error>);

impl Prepared {
    /// Logs warnings. Makes nothing, and listens nowhere.
    ///
    /// # Errors
    ///
    /// [`Faults`].
    pub(super) fn of(config: &Config, clock: &Clock) -> anyhow::Result<Self> {
        warn_about(config);
        let mut faults = Faults::default();
        faults.note(config.interceptor.check(config.public_origin()));
        faults.note(config.guard.check(config.public_origin(), &config.tokens.audience));
        faults.note(RelyingParty::at(config.public_origin()));
        faults.note(clock.check());
        faults.note(check_new(config));
        let backups = faults.note(config.backups.plan(&config.database));
        let certificate = faults.note(Source::of(config, clock.clone()));
        let keys = faults.note(keys(config));
        let database = faults.note(database(config));
        match (backups, certificate, keys, database) {
            (Some(backups), Some(certificate), Some(keys), Some(database))
                if faults.0.is_empty() =>
            {
                Ok(Self { backups, certificate, keys, database })
            }
            _ => Err(faults.into()),
        }
    }
}

impl Faults {
    fn note<T>(&mut self, checked: anyhow::Result<T>) -> Option<T> {
        checked.map_err(|error| self.0.push(error)).ok()
    }

    /// A message for each.
    pub(super) fn messages(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|fault| format!("{fault:#}"))
    }
}

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.messages().collect::<Vec<_>>().join("; "))
    }
}

fn keys(config: &Config) -> anyhow::Result<KeySettings> {
    config.keys.settings(secret_from_environment()?, config.access_ttl)
}

fn database(config: &Config) -> anyhow::Result<Option<(DatabaseUrl, MasterKey)>> {
    let Some(url) = &config.database.database_url else {
        // A master key is for a database.
        return config.database.master_key().map(|_| None);
    };
    check_url(url).context("can't use --database-url")?;
    if let Some(direct) = &config.database_direct_url {
        check_url(direct).context("can't use --database-direct-url")?;
    }
    Ok(Some((url.clone(), config.database.needed_master_key()?)))
}

fn check_new(config: &Config) -> anyhow::Result<()> {
    ensure!(
        !config.new || config.database.database_url.is_none(),
        "--new is not for --database-url"
    );
    Ok(())
}
