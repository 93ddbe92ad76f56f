use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::file::{NUMBER, PREFIX, TIME};
use super::seal::Seal;

/// The backups that a server makes by itself.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Where they go.
    pub(crate) dir: PathBuf,
    /// How much time is between two.
    pub(crate) period: Duration,
    /// How many are kept.
    pub(crate) keep: usize,
    /// How they are encrypted.
    pub(crate) seal: Seal,
}

impl Plan {
    /// How long it is until the next backup is due.
    ///
    /// # Errors
    ///
    /// If the directory can't be read.
    pub(crate) fn due_in(&self, now: Timestamp) -> anyhow::Result<Duration> {
        let Some((Made { at: newest, .. }, _)) = self.there()?.pop() else {
            return Ok(Duration::ZERO);
        };
        // A time in the future means that the clock was set back.
        let age = Duration::try_from(now.duration_since(newest)).unwrap_or_default();
        Ok(self.period.saturating_sub(age))
    }

    /// Removes the oldest backups beyond those that are kept. Returns how many.
    ///
    /// # Errors
    ///
    /// If one can't be removed.
    pub(crate) fn prune(&self) -> anyhow::Result<usize> {
        let there = self.there()?;
        let surplus = there.len().saturating_sub(self.keep);
        for (_, path) in &there[..surplus] {
            fs::remove_file(path).with_context(|| format!("can't remove {}", path.display()))?;
        }
        Ok(surplus)
    }

    /// The backups in the directory, the oldest first.
    fn there(&self) -> anyhow::Result<Vec<(Made, PathBuf)>> {
        let dir = self.dir.display();
        let entries = fs::read_dir(&self.dir).with_context(|| format!("can't look into {dir}"))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        let paths: Vec<PathBuf> =
            paths.collect::<Result<_, _>>().with_context(|| format!("can't look into {dir}"))?;
        let timed = |path: PathBuf| Some((made(&path)?, path));
        let mut there: Vec<_> = paths.into_iter().filter_map(timed).collect();
        there.sort();
        Ok(there)
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dir, period, keep, .. } = self;
        f.debug_struct("Plan")
            .field("dir", dir)
            .field("period", period)
            .field("keep", keep)
            .finish()
    }
}

/// When a backup was made.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Made {
    at: Timestamp,
    /// The how many-th of that second.
    number: u32,
}

/// When a backup was made, if the name is one that we give.
fn made(path: &Path) -> Option<Made> {
    let name = path.file_name()?.to_str()?.strip_prefix(PREFIX)?;
    let stem = name.strip_suffix(".age").unwrap_or(name).strip_suffix(".backup")?;
    let (time, number) = match stem.split_once(NUMBER) {
        Some((time, number)) => (time, number.parse().ok()?),
        None => (stem, 1),
    };
    let time = DateTime::strptime(TIME, time).ok()?;
    Some(Made { at: TimeZone::UTC.to_timestamp(time).ok()?, number })
}
