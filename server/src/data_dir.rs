//! The data directory: what is in it is for its owner alone.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
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

/// What the names of files begin with that are not complete yet.
const UNFINISHED: &str = ".unfinished-";

/// Makes a file in it. Whenever the process is killed, the file is there whole or not at all. If
/// another process made it meanwhile, that one stays.
///
/// # Errors
///
/// If `fill` says so, or the disk refuses.
pub fn create_whole(
    path: &Path,
    fill: impl FnOnce(File) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let failed = || format!("can't make {}", path.display());
    let dir = path.parent().with_context(failed)?;
    // A temporary file has mode 0600 from the start.
    let file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(dir).with_context(failed)?;
    fill(file.as_file().try_clone().with_context(failed)?).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    match file.persist_noclobber(path) {
        Err(taken) if taken.error.kind() == ErrorKind::AlreadyExists => {}
        persisted => drop(persisted.with_context(failed)?),
    }
    File::open(dir).and_then(|dir| dir.sync_all()).with_context(failed)
}

/// Removes what a killed process left unfinished; nobody else may be at work in the directory.
pub fn remove_unfinished(dir: &Path) {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let is_unfinished = |name: &OsStr| name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes());
    for entry in entries.filter(|entry| is_unfinished(&entry.file_name())) {
        let path = entry.path();
        match fs::remove_file(&path) {
            Ok(()) => tracing::info!(path = %path.display(), "removed an unfinished file"),
            Err(error) => tracing::warn!(path = %path.display(), "can't remove: {error}"),
        }
    }
}

/// Opens a file in it to read and write.
///
/// # Errors
///
/// If it can't be opened.
pub fn open_file(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
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
