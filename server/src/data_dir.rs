//! The data directory: what is in it is for its owner alone.

mod owner;

pub use self::owner::{DATABASE_FILE, advice, hand_over_socket};

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use tempfile::NamedTempFile;

/// Makes the directory and those above it, unless it is there.
///
/// # Errors
///
/// If it can't be made.
pub fn create(dir: &Path) -> anyhow::Result<()> {
    let failed = || format!("can't make the data directory {}", dir.display());
    let is_missing = |dir: &&Path| !dir.as_os_str().is_empty() && !dir.exists();
    let mut missing: Vec<&Path> = dir.ancestors().take_while(is_missing).collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(dir).with_context(failed)?;
    missing.reverse();
    missing.into_iter().try_for_each(owner::inherit).with_context(failed)?;
    warn_if_others_can_write(dir);
    Ok(())
}

/// Logs a warning if everybody can put files into the directory.
pub fn warn_if_others_can_write(dir: &Path) {
    let mode = fs::metadata(dir).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o002 != 0 {
        let path = dir.display();
        tracing::warn!(
            %path,
            "everybody on this machine can replace the files in the data directory; chmod 700 it"
        );
    }
}

/// What the names of files begin with that are not complete yet.
pub const UNFINISHED: &str = ".unfinished-";

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
    let (dir, file) = write_unfinished(path, fill).with_context(failed)?;
    match file.persist_noclobber(path) {
        Err(taken) if taken.error.kind() == ErrorKind::AlreadyExists => {}
        // And it has cleared away what we were about to make it from.
        Err(lost) if lost.error.kind() == ErrorKind::NotFound && path.exists() => {}
        persisted => drop(persisted.with_context(failed)?),
    }
    sync(dir).with_context(failed)
}

/// Puts a file in the place of the one that is there, if any. Whenever the process is killed or the
/// power fails, one of the two is there whole; once this is done, it is the new one.
///
/// # Errors
///
/// If `fill` says so, or the disk refuses. The new file may be in place even so, if all but the
/// last step was done.
pub fn replace_whole(
    path: &Path,
    fill: impl FnOnce(File) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let failed = || format!("can't write {}", path.display());
    let (dir, file) = write_unfinished(path, fill).with_context(failed)?;
    file.persist(path).with_context(failed)?;
    sync(dir).with_context(failed)
}

/// A file beside `path` with all of its content on the disk, and the directory of both.
fn write_unfinished(
    path: &Path,
    fill: impl FnOnce(File) -> anyhow::Result<()>,
) -> anyhow::Result<(&Path, NamedTempFile)> {
    let dir = path.parent().context("it has no directory")?;
    // A temporary file has mode 0600 from the start.
    let file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(dir)?;
    owner::hand_over(file.as_file(), path)?;
    fill(file.as_file().try_clone()?)?;
    file.as_file().sync_all()?;
    Ok((dir, file))
}

/// Makes the names in a directory durable.
fn sync(dir: &Path) -> anyhow::Result<()> {
    Ok(File::open(dir)?.sync_all()?)
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
    let file = options.open(path).map_err(|error| {
        let what = format!("can't open {}{}", path.display(), advice(path, &error));
        anyhow::Error::new(error).context(what)
    })?;
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
