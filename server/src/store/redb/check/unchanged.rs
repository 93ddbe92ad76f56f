use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

const BLOCK: usize = 512;

/// A file that is read and never written. redb writes even to a file that is only checked; this
/// keeps those writes in memory.
#[derive(Debug)]
pub(in crate::store::redb) struct Unchanged {
    file: FileBackend,
    written: Mutex<Written>,
}

#[derive(Debug, Default)]
struct Written {
    /// The blocks that were written, by number.
    blocks: HashMap<u64, Box<[u8; BLOCK]>>,
    len: u64,
}

impl Unchanged {
    pub(in crate::store::redb) fn new(file: File) -> Result<Self, DatabaseError> {
        let file = FileBackend::new(file)?;
        let written = Mutex::new(Written { blocks: HashMap::new(), len: file.len()? });
        Ok(Self { file, written })
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file's bytes from `offset` on, and zeros after its end.
    fn read_file(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = self.file.len()?.saturating_sub(offset).min(out.len() as u64);
        let (there, beyond) = out.split_at_mut(usize::try_from(there).unwrap_or(usize::MAX));
        beyond.fill(0);
        if there.is_empty() { Ok(()) } else { self.file.read(offset, there) }
    }
}

/// Splits `len` bytes from `offset` on into blocks. Yields for each the block's number, where its
/// bytes begin among all bytes, and their range within the block.
fn parts(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == len {
            return None;
        }
        let at = offset + done as u64;
        let begin = (at % BLOCK as u64) as usize;
        let end = BLOCK.min(begin + len - done);
        let part = (at / BLOCK as u64, done, begin..end);
        done += end - begin;
        Some(part)
    })
}

impl StorageBackend for Unchanged {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.read_file(offset, out)?;
        let written = self.written();
        for (block, at, range) in parts(offset, out.len()) {
            if let Some(block) = written.blocks.get(&block) {
                out[at..at + range.len()].copy_from_slice(&block[range]);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.written().len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        for (number, at, range) in parts(offset, data.len()) {
            let block = match written.blocks.entry(number) {
                Entry::Occupied(block) => block.into_mut(),
                Entry::Vacant(free) => {
                    let mut block = Box::new([0; BLOCK]);
                    self.read_file(number * BLOCK as u64, &mut *block)?;
                    free.insert(block)
                }
            };
            let len = range.len();
            block[range].copy_from_slice(&data[at..at + len]);
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
