//! The data directory: what is in it is for its owner alone.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;

/// Makes the directory and those above it, unless it is there.
///
/// # Errors
///
/// If it can't be made.
pub fn create(dir: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(dir).with_context(|| format!("can't make the data directory {}", dir.display()))
}

/// Opens a file in it to read and write, and makes it if it is not there.
///
/// # Errors
///
/// If it can't be opened.
pub fn open_file(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(path).with_context(|| format!("can't open {}", path.display()))?;
    warn_if_others_can_read(path);
    Ok(file)
}

/// Logs a warning if anyone but the owner can read a file of secrets.
pub fn warn_if_others_can_read(path: &Path) {
    let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        let path = path.display();
        tracing::warn!(%path, "others can read this file of secrets; chmod 600 it");
    }
}
