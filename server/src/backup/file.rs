use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use tempfile::NamedTempFile;

use super::seal::{Seal, Sealed};
use crate::data_dir::UNFINISHED;

/// What the names of backups begin with where we name them.
pub(super) const PREFIX: &str = "hallpass-";

/// The time in the names.
pub(super) const TIME: &str = "%Y%m%dT%H%M%SZ";

/// Where a backup goes: to the path itself or, if that is a directory, to a file in it.
///
/// # Errors
///
/// If there is something already.
pub(crate) fn path_for(to: &Path, seal: &Seal, now: Timestamp) -> anyhow::Result<PathBuf> {
    let path = match to.is_dir() {
        true => to.join(format!("{PREFIX}{}.{}", now.strftime(TIME), seal.extension())),
        false => to.to_owned(),
    };
    if path.symlink_metadata().is_ok() {
        bail!("{} is there already; name another file, or a directory", path.display());
    }
    Ok(path)
}

/// A sealed file in the making, which only its owner can read. It has its name once it is whole,
/// and is gone if it is dropped before.
pub(crate) struct NewFile {
    path: PathBuf,
    file: NamedTempFile,
    sealed: Arc<Mutex<Option<Sealed<File>>>>,
}

impl NewFile {
    /// # Errors
    ///
    /// If the disk refuses.
    pub(crate) fn begin(path: &Path, seal: &Seal) -> anyhow::Result<Self> {
        let failed = || format!("can't make {}", path.display());
        // A temporary file has mode 0600 from the start.
        let file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(dir_of(path));
        let file = file.with_context(failed)?;
        let sealed = seal.wrap(file.as_file().try_clone()?).with_context(failed)?;
        Ok(Self { path: path.to_owned(), file, sealed: Arc::new(Mutex::new(Some(sealed))) })
    }

    /// What writes to the file, until it is finished.
    pub(crate) fn writer(&self) -> Box<dyn Write + Send> {
        Box::new(Filling(Arc::clone(&self.sealed)))
    }

    /// Makes it durable, and gives it its name.
    ///
    /// # Errors
    ///
    /// If the disk fails, or somebody else has made a file of that name meanwhile.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let failed = || format!("can't make {}", self.path.display());
        let sealed = self.sealed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let file = sealed.context("it was finished before")?.finish().with_context(failed)?;
        file.sync_all().with_context(failed)?;
        self.file.persist_noclobber(&self.path).with_context(failed)?;
        File::open(dir_of(&self.path)).and_then(|dir| dir.sync_all()).with_context(failed)
    }
}

struct Filling(Arc<Mutex<Option<Sealed<File>>>>);

impl Filling {
    fn with<T>(&self, work: impl FnOnce(&mut Sealed<File>) -> io::Result<T>) -> io::Result<T> {
        let mut sealed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sealed.as_mut().map_or_else(|| Err(io::ErrorKind::BrokenPipe.into()), work)
    }
}

impl Write for Filling {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|sealed| sealed.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.with(Write::flush)
    }
}

fn dir_of(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}
