//! The folder of a run, and what marks the run's programs.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::getuid;

use crate::Result;

/// Begins the name of each run's folder.
const PREFIX: &str = "hallpass-e2e-";

/// The file in it that the run has locked.
pub(super) const LOCK: &str = "lock";

/// The variable in the environment of a run's programs; it holds the path of the run's folder.
pub(super) const MARK: &str = "E2E_RUN_DIR";

/// A new folder with a lock that nobody else can have taken: it gets its name once it is locked.
pub(super) fn make(base: &Path) -> Result<(PathBuf, File)> {
    let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(base)?;
    let unlocked = dir.path().join("lock.new");
    let lock = File::create(&unlocked)?;
    lock.try_lock()?;
    fs::rename(unlocked, dir.path().join(LOCK))?;
    Ok((dir.keep(), lock))
}

/// Whether a run of this user has made this folder, as far as its name, its owner and its lock
/// tell.
pub(super) fn is_of_a_run(dir: &Path) -> bool {
    let named =
        dir.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()));
    let ours =
        fs::symlink_metadata(dir).is_ok_and(|dir| dir.is_dir() && dir.uid() == getuid().as_raw());
    named && ours && dir.join(LOCK).is_file()
}
