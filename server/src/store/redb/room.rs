//! Whether the disk has room for a login. On a full disk a small write may still work, since redb
//! reuses pages of its file. A login adds rows and fails.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use rustix::fs::statvfs;
use rustix::process::{Resource, getrlimit};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// The most bytes that a login needs. It copies some twenty pages of 4 KiB.
const ROOM: usize = 128 << 10;

/// How long the result of a trial counts while the file system reports free space. So a limit that
/// it does not report, such as a quota, is noticed this late at most.
const TRIAL_PERIOD: Duration = Duration::from_secs(30);

/// The same while the file system reports too little free space.
const SHORT_TRIAL_PERIOD: Duration = Duration::from_secs(1);

/// The room beside a database.
#[derive(Debug)]
pub(super) struct Room {
    database: PathBuf,
    /// Locked during a trial, so that other callers wait for its result.
    last: Mutex<Option<Trial>>,
}

/// An attempt to write a file of [`ROOM`] bytes.
#[derive(Debug)]
struct Trial {
    at: Instant,
    /// Whether the file system reported too little free space.
    scarce: bool,
    failure: Option<String>,
}

impl Room {
    pub(super) fn of(database: &Path) -> Self {
        Self { database: database.to_owned(), last: Mutex::new(None) }
    }

    /// Checks that a login would find room. Calling it often is cheap, since it rarely writes.
    ///
    /// # Errors
    ///
    /// If there is no room.
    pub(super) async fn check(&self) -> anyhow::Result<()> {
        self.check_file_size_limit()?;
        let scarce = is_scarce(self.dir());
        let mut last = self.last.lock().await;
        if !last.as_ref().is_some_and(|trial| trial.is_current(scarce)) {
            let dir = self.dir().to_owned();
            let outcome = spawn_blocking(move || write_to(&dir)).await.context("it panicked")?;
            let failure = outcome.err().map(|error| format!("{error:#}"));
            *last = Some(Trial { at: Instant::now(), scarce, failure });
        }
        match last.as_ref().and_then(|trial| trial.failure.as_ref()) {
            Some(failure) => Err(anyhow!("{failure}")),
            None => Ok(()),
        }
    }

    fn check_file_size_limit(&self) -> anyhow::Result<()> {
        let Some(limit) = getrlimit(Resource::Fsize).current else { return Ok(()) };
        let size = std::fs::metadata(&self.database)?.len();
        if size.saturating_add(ROOM as u64) > limit {
            let path = self.database.display();
            bail!("{path} has {size} bytes and may have {limit}; raise `ulimit -f`");
        }
        Ok(())
    }

    fn dir(&self) -> &Path {
        self.database.parent().unwrap_or(Path::new("."))
    }
}

impl Trial {
    fn is_current(&self, scarce: bool) -> bool {
        let seldom = self.failure.is_none() && !scarce;
        let period = if seldom { TRIAL_PERIOD } else { SHORT_TRIAL_PERIOD };
        self.scarce == scarce && self.at.elapsed() < period
    }
}

/// Whether the file system reports too little free space. Some report none at all.
fn is_scarce(dir: &Path) -> bool {
    statvfs(dir)
        .is_ok_and(|fs| fs.f_blocks > 0 && fs.f_bavail.saturating_mul(fs.f_frsize) < ROOM as u64)
}

/// Writes a file without a name. It is gone once it is closed, even by `kill -9`.
fn write_to(dir: &Path) -> anyhow::Result<()> {
    let failed = || format!("there is no room for a login in {}", dir.display());
    // Random bytes, since a file system may store zeros without using space.
    let mut noise = vec![0; ROOM];
    getrandom::fill(&mut noise).map_err(|error| anyhow!("no randomness: {error}"))?;
    let mut file = tempfile::tempfile_in(dir).with_context(failed)?;
    file.write_all(&noise).and_then(|()| file.sync_data()).with_context(failed)
}
