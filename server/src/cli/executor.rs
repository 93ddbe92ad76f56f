//! Who carries out what the command line asks for: the server that runs on the data directory, or
//! an operator in this process.

use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use hallpass_contract::Secret;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::assembly;
use crate::clock::Clock;
use crate::config::{
    Config, DEFAULT_DATA_DIR, DatabaseArgs, PasswordArgs, SecretArgs, TokenArgs,
    secret_from_environment,
};
use crate::control::{Command, ControlClient, Operator, Reply};
use crate::data_dir::{self, DATABASE_FILE};
use crate::keys::{Algorithm, KeyRing, KeySettings};
use crate::metrics::Metrics;
use crate::opening;
use crate::store::{BackupHead, InUse, Retrying, Store};
use crate::token::MAX_ACCESS_TTL;

use super::terminal::note;

/// How long to wait for a server that is starting, or for another command that is at work.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often to look meanwhile.
const PERIOD: Duration = Duration::from_millis(50);

/// Which data directory.
#[derive(Args, Clone, Debug)]
pub(super) struct Place {
    /// The server's data directory
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DATA_DIR)]
    data_dir: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// The settings to use if no server runs. One that runs follows its own.
#[derive(Debug, Default)]
pub(super) struct Offline {
    /// Make the directory if it is not there.
    pub(super) make_directory: bool,
    /// Keys must be there.
    pub(super) needs_keys: bool,
    /// For what sets a password.
    pub(super) passwords: Option<PasswordArgs>,
    /// For what checks a token.
    pub(super) tokens: Option<TokenArgs>,
    /// For what uses keys.
    pub(super) secret: Option<SecretArgs>,
}

/// What to do where root has made a data directory.
pub(super) const BELONGS_TO_ROOT: &str =
    ", which belongs to root: give it to the server's user with `chown -R`";

/// Who carries out commands.
pub(super) enum Executor {
    Server(ControlClient),
    Own(Box<Operator>),
}

impl Executor {
    /// Has a command carried out.
    ///
    /// # Errors
    ///
    /// Why it was not.
    pub(super) async fn ask(&mut self, command: Command) -> anyhow::Result<Reply> {
        let reply = match self {
            Self::Server(client) => client.ask(&command).await?,
            Self::Own(operator) => {
                let reply = operator.execute(command).await;
                keep_audit(operator).await;
                reply
            }
        };
        match reply {
            Reply::Refused { reason } => Err(anyhow!(reason)),
            reply => Ok(reply),
        }
    }

    /// Has a backup written to `out`.
    ///
    /// # Errors
    ///
    /// Why it was not.
    pub(super) async fn back_up(
        &mut self,
        out: Box<dyn Write + Send>,
    ) -> anyhow::Result<BackupHead> {
        match self {
            Self::Server(client) => client.back_up(out).await,
            Self::Own(operator) => {
                let made = operator.back_up(out).await;
                keep_audit(operator).await;
                made
            }
        }
    }

    /// Ends an import. A server does that when this program hangs up.
    pub(super) async fn end_import(&mut self) {
        if let Self::Own(operator) = self {
            operator.end_import();
            keep_audit(operator).await;
        }
    }
}

/// Keeps the audit records of what was done in this process.
async fn keep_audit(operator: &Operator) {
    if let Err(error) = operator.keep_audit().await {
        note(format_args!("hallpass: the audit log lacks what was done: {error:#}"));
    }
}

/// The reply is not to what was asked.
pub(super) fn unexpected() -> anyhow::Error {
    anyhow!("the server answered something else than was asked; is it of another version?")
}

impl Place {
    /// The file of the database.
    ///
    /// # Errors
    ///
    /// If it is not there.
    pub(super) fn database_file(&self) -> anyhow::Result<PathBuf> {
        if self.database.database_url.is_some() {
            bail!(
                "this is for the database in the data directory; PostgreSQL has tools of its own"
            );
        }
        let file = self.data_dir.join(DATABASE_FILE);
        if !is_there(&file)? {
            bail!(
                "there is no hallpass database in {}; name the server's data directory with \
                 --data-dir",
                self.data_dir.display()
            );
        }
        Ok(file)
    }

    /// The directory, for a command that fills it.
    ///
    /// # Errors
    ///
    /// If users and sessions are not kept there.
    pub(super) fn empty_directory(&self) -> anyhow::Result<&Path> {
        if self.database.database_url.is_some() {
            bail!("a backup holds a data directory; PostgreSQL restores with pg_restore or psql");
        }
        Ok(&self.data_dir)
    }

    /// The place, to be shown. A URL may hold a password.
    fn shown(&self) -> String {
        match self.database.database_url {
            Some(_) => "the database".to_owned(),
            None => self.data_dir.display().to_string(),
        }
    }

    /// The place for a rehearsal, which changes nothing: a temporary directory in place of one that
    /// is not there yet. It is removed when the other value is dropped.
    ///
    /// # Errors
    ///
    /// If nobody can look into the directory, or none can be made.
    pub(super) fn for_rehearsal(&self) -> anyhow::Result<(Self, Option<tempfile::TempDir>)> {
        let dir = &self.data_dir;
        if self.database.database_url.is_some() || !opening::is_new(dir)? {
            return Ok((self.clone(), None));
        }
        let temporary = tempfile::tempdir().context("can't make a temporary directory")?;
        let place = Self { data_dir: temporary.path().join("data"), ..self.clone() };
        data_dir::create(&place.data_dir)?;
        opening::for_command(&place.data_dir, None, Clock::system().now())?;
        Ok((place, Some(temporary)))
    }

    /// Gives up keys that are lost or damaged.
    ///
    /// # Errors
    ///
    /// If it was not done.
    pub(super) async fn give_up_keys(&self) -> anyhow::Result<usize> {
        let (dir, now) = (&self.data_dir, Clock::system().now());
        match &self.database.database_url {
            Some(url) => opening::database::give_up_keys(url, now).await,
            None => opening::give_up_keys(dir, now).await,
        }
    }

    /// Finds out whether a server runs here, and opens the directory if none does.
    ///
    /// # Errors
    ///
    /// If there is no data directory, or somebody uses it who can't be asked.
    pub(super) async fn executor(&self, offline: Offline) -> anyhow::Result<Executor> {
        let dir = &self.data_dir;
        if self.database.database_url.is_none() {
            self.prepare_directory(offline.make_directory)?;
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let unreachable = match ControlClient::connect(dir).await {
                Ok(client) => return Ok(Executor::Server(client)),
                Err(error) => error,
            };
            match self.open(&offline).await {
                Ok(operator) => return Ok(Executor::Own(Box::new(operator))),
                Err(error) if !error.is::<InUse>() => return Err(error),
                Err(_) if may_come(&unreachable) && Instant::now() < deadline => {
                    tokio::time::sleep(PERIOD).await;
                }
                Err(_) => bail!(
                    "{} is in use by a hallpass that can't be asked: its control socket does not \
                     answer ({unreachable}); its log says why, or else stop it and try again",
                    dir.display()
                ),
            }
        }
    }

    fn prepare_directory(&self, make: bool) -> anyhow::Result<()> {
        let dir = &self.data_dir;
        if make {
            if !is_there(dir)? {
                let root = if data_dir::will_be_roots() { BELONGS_TO_ROOT } else { "" };
                note(format_args!("making the data directory {}{root}", dir.display()));
            }
            return data_dir::create(dir);
        }
        if opening::is_new(dir)? {
            bail!(
                "there is no hallpass database in {}; name the server's data directory with \
                 --data-dir",
                dir.display()
            );
        }
        data_dir::warn_if_others_can_write(dir);
        Ok(())
    }

    /// An operator on a directory that this process locks, or on a database.
    async fn open(&self, offline: &Offline) -> anyhow::Result<Operator> {
        let clock = Clock::system();
        let secret = match &offline.secret {
            Some(args) => args.read(secret_from_environment()?)?,
            None => None,
        };
        let (store, keys) = self.open_store(offline.needs_keys, secret, clock.now()).await?;
        let keys = match keys {
            Some(keys) => keys,
            None if offline.needs_keys => {
                let place = self.shown();
                bail!("there are no keys in {place} yet; the server makes them at its start")
            }
            None => stand_in(clock.now())?,
        };
        let config = config(offline).context("the default settings")?;
        let (keys, metrics) = (Arc::new(keys), Metrics::default());
        let accounts = assembly::accounts(&config, &metrics, store, keys, clock)?;
        Ok(Operator::new(Arc::new(accounts)))
    }

    async fn open_store(
        &self,
        needs_keys: bool,
        secret: Option<Secret>,
        now: Timestamp,
    ) -> anyhow::Result<(Arc<dyn Store>, Option<KeyRing>)> {
        let dir = &self.data_dir;
        if let Some(url) = &self.database.database_url {
            let master = needs_keys.then(|| self.database.needed_master_key()).transpose()?;
            let (store, keys) = opening::database::for_command(url, master, secret, now).await?;
            return Ok((Arc::new(Retrying(store)), keys));
        }
        let (store, keys) = opening::for_command(dir, secret, now)?;
        Ok((Arc::new(store), keys))
    }
}

/// Keys for a command that neither signs nor verifies. What it revokes is remembered for as long as
/// any token may be valid.
fn stand_in(now: Timestamp) -> anyhow::Result<KeyRing> {
    let settings = KeySettings::new(Algorithm::default(), None, MAX_ACCESS_TTL)?;
    KeyRing::in_memory_with(settings, now)
}

/// Fails if the path can't be looked at, which is not the same as finding nothing.
fn is_there(path: &Path) -> anyhow::Result<bool> {
    path.try_exists().with_context(|| format!("can't look for {}", path.display()))
}

/// Whether a server that is starting may answer soon.
fn may_come(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
}

/// The settings of a server that never serves. Where nothing will be hashed, hashes are cheap.
fn config(offline: &Offline) -> Result<Config, clap::Error> {
    let mut config = Config::without_environment(&["--pbkdf2-iterations", "1"])?;
    // The server knows how much of the audit log is kept.
    config.audit.audit_max_size = u64::MAX;
    if let Some(passwords) = &offline.passwords {
        config.passwords = passwords.clone();
    }
    if let Some(tokens) = &offline.tokens {
        config.tokens = tokens.clone();
    }
    Ok(config)
}
