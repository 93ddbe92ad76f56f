//! What a run has on this machine: one folder for all of its files, and programs that carry the
//! folder's name in their environment. Both end with the run, even if it is killed.
//!
//! - The run holds a lock on its folder. The system lets go of the lock when the run ends, however
//!   it ends.
//! - A guard, which is a process of its own, notices the end of the run. It ends the programs that
//!   are left and removes the folder.
//! - If the guard was killed too, the next run does the same when it starts.

mod folder;
mod sweep;

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context as _, anyhow};

use crate::Result;
use folder::MARK;

/// The option that makes the suite's program the guard of a run.
const GUARD_OPTION: &str = "--guard";

/// A run under way; dropping it ends what it started and removes its folder.
#[derive(Debug)]
pub(crate) struct Run {
    guard: Child,
    _lock: File,
}

impl Run {
    /// Removes what killed runs have left, and makes the folder in which all temporary files go
    /// from now on.
    pub(crate) fn begin() -> Result<Self> {
        let base = env::temp_dir();
        if let Some(swept) = sweep::dead_runs(&base) {
            eprintln!("e2e: {swept}");
        }
        let (dir, lock) = folder::make(&base)
            .with_context(|| format!("can't make a folder in {}", base.display()))?;
        tempfile::env::override_temp_dir(&dir)
            .map_err(|other| anyhow!("temporary files go to {} already", other.display()))?;
        let guard = start_guard(&dir).context("can't start the guard of the run")?;
        Ok(Self { guard, _lock: lock })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// What marks a program as one of this run, for its environment.
pub(crate) fn mark() -> (&'static str, OsString) {
    (MARK, tempfile::env::temp_dir().into())
}

/// In a process group of its own, so that what ends the run does not end its guard. The input is a
/// pipe that closes when the run ends.
fn start_guard(dir: &Path) -> io::Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(GUARD_OPTION).arg(dir).env_remove(MARK).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

/// What the guard does: waits for the end of the run, then cleans up after it.
pub(crate) fn guard(dir: &Path) -> ExitCode {
    let mut rest = Vec::new();
    let _ = io::stdin().read_to_end(&mut rest);
    if folder::is_of_a_run(dir) {
        sweep::clean(dir);
    }
    ExitCode::SUCCESS
}
