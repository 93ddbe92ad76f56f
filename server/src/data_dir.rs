//! The data directory. Only its owner may read its files.

mod owner;

pub use self::owner::{DATABASE_FILE, advice, hand_over_socket};

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

/// Whether what this process makes belongs to root.
pub(crate) fn will_be_roots() -> bool {
    rustix::process::geteuid().is_root()
}

/// Makes the directory and its parents, unless they are there.
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

/// Logs a warning if everybody may create files in the directory.
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

/// The prefix of the names of incomplete files.
pub const UNFINISHED: &str = ".unfinished-";

/// Makes a file in the directory. If the process is killed, the file is complete or missing. If
/// another process has made it meanwhile, that file stays.
///
/// # Errors
///
/// If `fill` fails, or the disk does.
pub fn create_whole(
    path: &Path,
    fill: impl FnOnce(File) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let failed = || format!("can't make {}", path.display());
    let (dir, file) = write_unfinished(path, fill).with_context(failed)?;
    match file.persist_noclobber(path) {
        Err(taken) if taken.error.kind() == ErrorKind::AlreadyExists => {}
        // The other process has removed our temporary file, too.
        Err(lost) if lost.error.kind() == ErrorKind::NotFound && path.exists() => {}
        persisted => drop(persisted.with_context(failed)?),
    }
    sync(dir).with_context(failed)
}

/// Replaces a file, or makes it. If the process is killed or the power fails, either the old or the
/// new one is there, complete. Once this returns, it is the new one.
///
/// # Errors
///
/// If `fill` fails, or the disk does. If only the last step failed, the new file is in place.
pub fn replace_whole(
    path: &Path,
    fill: impl FnOnce(File) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let failed = || format!("can't write {}", path.display());
    let (dir, file) = write_unfinished(path, fill).with_context(failed)?;
    file.persist(path).with_context(failed)?;
    sync(dir).with_context(failed)
}

/// Writes a file beside `path` and syncs it to the disk. Also returns the directory.
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

/// A new file that is not complete yet. If it is dropped, or the process is killed, it is not
/// there.
#[derive(Debug)]
pub struct Unfinished {
    file: NamedTempFile,
    path: PathBuf,
}

impl Unfinished {
    /// Begins a file, which is to be at `path`.
    ///
    /// # Errors
    ///
    /// If the disk refuses.
    pub fn begin(path: &Path) -> anyhow::Result<Self> {
        let failed = || format!("can't make {}", path.display());
        let (_, file) = write_unfinished(path, |_| Ok(())).with_context(failed)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// The file, to be written to.
    ///
    /// # Errors
    ///
    /// If too many files are open.
    pub fn file(&self) -> anyhow::Result<File> {
        Ok(self.file.as_file().try_clone()?)
    }

    /// Puts the complete file in its place.
    ///
    /// # Errors
    ///
    /// If the disk refuses, or another file is there by now.
    pub fn finish(self) -> anyhow::Result<()> {
        let Self { file, path } = self;
        let failed = || format!("can't make {}", path.display());
        file.as_file().sync_all().with_context(failed)?;
        file.persist_noclobber(&path).with_context(failed)?;
        sync(path.parent().with_context(failed)?).with_context(failed)
    }
}

/// Makes the names in a directory durable.
fn sync(dir: &Path) -> anyhow::Result<()> {
    Ok(File::open(dir)?.sync_all()?)
}

/// Removes the incomplete files of a killed process. No other process may work in the directory.
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

/// Opens a file of the directory to read and write.
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

/// Logs a warning if anyone but the owner may read a file with secrets.
pub fn warn_if_others_can_read(path: &Path) {
    let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        let path = path.display();
        tracing::warn!(%path, "others can read this file of secrets; chmod 600 it");
    }
}
