//! Where a process's errors go, and what it prints after its announcement.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;

/// How many lines an error message shows.
const LAST_WORDS: usize = 5;

/// A log, or the end of one. Clones are the same log.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    place: Place,
    /// How many bytes of it belong to earlier processes.
    start: usize,
}

#[derive(Clone, Debug)]
enum Place {
    Memory(Arc<Mutex<Vec<u8>>>),
    /// It is appended to.
    File(PathBuf),
    /// The command itself says where its errors go.
    Elsewhere,
}

impl Log {
    pub(crate) fn in_memory() -> Self {
        Self { place: Place::Memory(Arc::default()), start: 0 }
    }

    pub(crate) fn file(path: &Path) -> Self {
        Self { place: Place::File(path.to_owned()), start: 0 }
    }

    pub(crate) fn elsewhere() -> Self {
        Self { place: Place::Elsewhere, start: 0 }
    }

    /// The log of the next process, which is to be started.
    pub(crate) fn of_next_process(&self) -> Self {
        Self { place: self.place.clone(), start: self.len() }
    }

    /// A process's standard error, if it is for this log to say.
    pub(crate) fn stderr(&self) -> anyhow::Result<Option<Stdio>> {
        Ok(match &self.place {
            Place::Memory(_) => Some(Stdio::piped()),
            Place::File(path) => Some(open(path)?.into()),
            Place::Elsewhere => None,
        })
    }

    /// Appends all that comes.
    pub(crate) fn copy(&self, mut from: impl Read) -> io::Result<()> {
        match &self.place {
            Place::Memory(text) => {
                let mut chunk = [0; 4096];
                loop {
                    match from.read(&mut chunk)? {
                        0 => return Ok(()),
                        count => locked(text).extend(&chunk[..count]),
                    }
                }
            }
            Place::File(path) => io::copy(&mut from, &mut File::options().append(true).open(path)?),
            Place::Elsewhere => io::copy(&mut from, &mut io::sink()),
        }
        .map(drop)
    }

    pub(crate) fn text(&self) -> String {
        let bytes = self.bytes();
        String::from_utf8_lossy(bytes.get(self.start..).unwrap_or_default()).into_owned()
    }

    fn len(&self) -> usize {
        match &self.place {
            Place::Memory(text) => locked(text).len(),
            Place::File(path) => fs::metadata(path).map_or(0, |file| file.len() as usize),
            Place::Elsewhere => 0,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match &self.place {
            Place::Memory(text) => locked(text).clone(),
            Place::File(path) => fs::read(path).unwrap_or_default(),
            Place::Elsewhere => Vec::new(),
        }
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    let log = File::options().create(true).append(true).open(path);
    log.with_context(|| format!("can't write {}", path.display()))
}

fn locked(text: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    text.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The end of a log, for an error message; empty if there is none.
pub(crate) fn last_words(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let last = &lines[lines.len().saturating_sub(LAST_WORDS)..];
    last.iter().map(|line| format!("\n  | {line}")).collect()
}
