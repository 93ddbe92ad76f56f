use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, anyhow, bail};
use jiff::Timestamp;
use tempfile::NamedTempFile;

use super::seal::{Seal, Sealed};
use crate::data_dir::UNFINISHED;

/// What the names of backups begin with where we name them.
pub(super) const PREFIX: &str = "hallpass-";

/// The time in the names.
pub(super) const TIME: &str = "%Y%m%dT%H%M%SZ";

/// What stands before the number of all but the first backup of a second.
pub(super) const NUMBER: char = '-';

/// Where a backup goes.
pub(crate) enum Destination {
    /// To this file, which is not there yet.
    File(PathBuf),
    /// To a file in this directory, named by the time.
    In {
        /// The directory.
        dir: PathBuf,
        /// The name without its extension.
        stem: String,
    },
}

/// The most backups of the same second in a directory.
const MOST_OF_A_SECOND: u32 = 1000;

impl Destination {
    /// The path itself or, if that is a directory, a file in it.
    ///
    /// # Errors
    ///
    /// If the file is there already.
    pub(crate) fn at(to: &Path, now: Timestamp) -> anyhow::Result<Self> {
        if to.is_dir() {
            let stem = format!("{PREFIX}{}", now.strftime(TIME));
            return Ok(Self::In { dir: to.to_owned(), stem });
        }
        if to.symlink_metadata().is_ok() {
            bail!("{} is there already; name another file, or a directory", to.display());
        }
        Ok(Self::File(to.to_owned()))
    }

    fn dir(&self) -> &Path {
        match self {
            Self::In { dir, .. } => dir,
            Self::File(path) => dir_of(path),
        }
    }

    /// The names that the file may have, the best first.
    fn paths(self, extension: &'static str) -> Box<dyn Iterator<Item = PathBuf>> {
        match self {
            Self::File(path) => Box::new(iter::once(path)),
            Self::In { dir, stem } => Box::new((1..=MOST_OF_A_SECOND).map(move |n| {
                let number = if n == 1 { String::new() } else { format!("{NUMBER}{n}") };
                dir.join(format!("{stem}{number}.{extension}"))
            })),
        }
    }
}

/// A sealed file in the making, which only its owner can read. It has its name once it is whole,
/// and is gone if it is dropped before.
pub(crate) struct NewFile {
    to: Destination,
    extension: &'static str,
    file: NamedTempFile,
    sealed: Arc<Mutex<Option<Sealed<File>>>>,
}

impl NewFile {
    /// # Errors
    ///
    /// If the disk refuses.
    pub(crate) fn begin(to: Destination, seal: &Seal) -> anyhow::Result<Self> {
        let failed = || format!("can't make a backup in {}", to.dir().display());
        // A temporary file has mode 0600 from the start.
        let file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(to.dir());
        let file = file.with_context(failed)?;
        let sealed = seal.wrap(file.as_file().try_clone()?).with_context(failed)?;
        let sealed = Arc::new(Mutex::new(Some(sealed)));
        Ok(Self { to, extension: seal.extension(), file, sealed })
    }

    /// What writes to the file, until it is finished.
    pub(crate) fn writer(&self) -> Box<dyn Write + Send> {
        Box::new(Filling(Arc::clone(&self.sealed)))
    }

    /// Makes it durable, gives it its name, and returns that.
    ///
    /// # Errors
    ///
    /// If the disk fails, or somebody else has made the file that was to be made.
    pub(crate) fn finish(self) -> anyhow::Result<PathBuf> {
        let dir = self.to.dir().to_owned();
        let failed = || format!("can't make a backup in {}", dir.display());
        let sealed = self.sealed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let file = sealed.context("it was finished before")?.finish().with_context(failed)?;
        file.sync_all().with_context(failed)?;
        let path = name(self.file, self.to.paths(self.extension))?;
        File::open(&dir).and_then(|dir| dir.sync_all()).with_context(failed)?;
        Ok(path)
    }
}

/// Gives a file the first of these names that is free. Another process may look for one, too.
fn name(mut file: NamedTempFile, paths: impl Iterator<Item = PathBuf>) -> anyhow::Result<PathBuf> {
    let mut taken = None;
    for path in paths {
        let failed = || format!("can't make {}", path.display());
        match file.persist_noclobber(&path) {
            Ok(_) => return Ok(path),
            Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => {
                taken = Some(anyhow!(refused.error).context(failed()));
                file = refused.file;
            }
            Err(refused) => return Err(refused.error).with_context(failed),
        }
    }
    Err(taken.unwrap_or_else(|| anyhow!("there is no name for the backup")))
}

struct Filling(Arc<Mutex<Option<Sealed<File>>>>);

impl Filling {
    fn with<T>(&self, work: impl FnOnce(&mut Sealed<File>) -> io::Result<T>) -> io::Result<T> {
        let mut sealed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sealed.as_mut().map_or_else(|| Err(ErrorKind::BrokenPipe.into()), work)
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
