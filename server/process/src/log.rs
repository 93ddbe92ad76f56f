//! The errors of a process, and what it prints after its announcement.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

/// How many lines an error message shows.
const LAST_WORDS: usize = 5;

/// The log of one process. Clones are the same log.
#[derive(Clone, Debug)]
pub(crate) enum Log {
    Memory(Arc<Mutex<Vec<u8>>>),
    /// The end of a file, and at which byte it begins.
    File(PathBuf, usize),
}

impl Log {
    /// Appends to this file, or keeps it in memory.
    pub(crate) fn begin(file: Option<&Path>) -> Self {
        let Some(file) = file else { return Self::Memory(Arc::default()) };
        Self::File(file.to_owned(), fs::metadata(file).map_or(0, |file| file.len() as usize))
    }

    /// For a process's standard error.
    pub(crate) fn stderr(&self) -> io::Result<Stdio> {
        Ok(match self {
            Self::Memory(_) => Stdio::piped(),
            Self::File(path, _) => File::options().create(true).append(true).open(path)?.into(),
        })
    }

    /// Appends all that comes.
    pub(crate) fn copy(&self, mut from: impl Read) -> io::Result<()> {
        let text = match self {
            Self::Memory(text) => text,
            Self::File(path, _) => {
                let mut file = File::options().append(true).open(path)?;
                return io::copy(&mut from, &mut file).map(drop);
            }
        };
        let mut chunk = [0; 4096];
        loop {
            let count = from.read(&mut chunk)?;
            if count == 0 {
                return Ok(());
            }
            text.lock().unwrap_or_else(PoisonError::into_inner).extend(&chunk[..count]);
        }
    }

    pub(crate) fn text(&self) -> String {
        let (bytes, start) = match self {
            Self::Memory(text) => (text.lock().unwrap_or_else(PoisonError::into_inner).clone(), 0),
            Self::File(path, start) => (fs::read(path).unwrap_or_default(), *start),
        };
        String::from_utf8_lossy(bytes.get(start..).unwrap_or_default()).into_owned()
    }

    /// The end of it, each line behind a line break; empty if there is none.
    pub(crate) fn last_words(&self) -> String {
        let log = self.text();
        let lines: Vec<&str> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(LAST_WORDS)..];
        last.iter().map(|line| format!("\n  | {line}")).collect()
    }
}
