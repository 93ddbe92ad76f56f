use std::io::{ErrorKind, Read};

use anyhow::Context as _;
use hallpass_contract::Secret;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::{CHECKSUM_BYTES, End, FAMILY, Head, MAGIC, MAX_RECORD, TableHead};

/// Reads a backup, record by record. What it yields is not to be trusted before the end was read.
pub(in crate::store) struct Reader<R> {
    input: R,
    hash: Sha256,
    rows: u64,
}

/// One record.
#[derive(Debug)]
pub(in crate::store) enum Record {
    /// The contents of the keys file.
    Keys(Secret),
    /// The rows that follow are of this table.
    Table {
        /// Its name.
        name: String,
        /// What its keys and values are.
        types: (String, String),
    },
    /// A key and its value.
    Row(Vec<u8>, Vec<u8>),
    /// The end: all before it is as it was written.
    End,
}

/// Reads a backup to its end. Returns what it says of itself, and the contents of the keys file.
///
/// # Errors
///
/// If it is not as it was written.
pub fn verify(input: impl Read) -> anyhow::Result<(Head, Option<Secret>)> {
    let (mut reader, head) = Reader::begin(input)?;
    let mut keys = None;
    loop {
        match reader.next()? {
            Record::Keys(text) => keys = Some(text),
            Record::End => return Ok((head, keys)),
            Record::Table { .. } | Record::Row(..) => {}
        }
    }
}

/// Why a file can't be restored.
#[derive(Debug, thiserror::Error)]
pub enum NotSound {
    /// It begins otherwise.
    #[error("it is no backup of hallpass")]
    NoBackup,
    /// A later version of the program made it.
    #[error("it is of a later version; use the hallpass that made it, or a newer one")]
    TooNew,
    /// It ends before the end.
    #[error("it is cut off; use another backup")]
    CutOff,
    /// The checksum does not match.
    #[error("it is damaged: {0}; use another backup")]
    Damaged(&'static str),
    /// It can't be read.
    #[error("it can't be read")]
    Failed(#[source] std::io::Error),
}

impl<R: Read> Reader<R> {
    /// Reads the head.
    ///
    /// # Errors
    ///
    /// If it is no backup, or one of a later version.
    pub(in crate::store) fn begin(input: R) -> anyhow::Result<(Self, Head)> {
        let mut reader = Self { input, hash: Sha256::new(), rows: 0 };
        let magic = reader.bytes(MAGIC.len()).map_err(|error| match error {
            NotSound::CutOff => NotSound::NoBackup,
            other => other,
        })?;
        if magic != MAGIC {
            let is_ours = magic.starts_with(FAMILY);
            return Err(if is_ours { NotSound::TooNew } else { NotSound::NoBackup }.into());
        }
        let (b'h', head) = reader.tagged()? else {
            return Err(NotSound::Damaged("the head is missing").into());
        };
        Ok((reader, json(&head)?))
    }

    /// The next record. None after the end.
    ///
    /// # Errors
    ///
    /// [`NotSound`].
    pub(in crate::store) fn next(&mut self) -> anyhow::Result<Record> {
        let (tag, bytes) = self.tagged()?;
        Ok(match tag {
            b'k' => {
                let text = String::from_utf8(bytes).ok();
                Record::Keys(text.ok_or(NotSound::Damaged("the keys are no text"))?.into())
            }
            b't' => {
                let TableHead { table, key, value } = json(&bytes)?;
                Record::Table { name: table, types: (key, value) }
            }
            b'r' => {
                self.rows += 1;
                let (key, value) = row(&bytes).ok_or(NotSound::Damaged("a row is too short"))?;
                Record::Row(key.to_vec(), value.to_vec())
            }
            b'e' => {
                self.end(json(&bytes)?)?;
                Record::End
            }
            _ => return Err(NotSound::Damaged("there is an unknown record").into()),
        })
    }

    fn end(&mut self, end: End) -> Result<(), NotSound> {
        let computed = self.hash.clone().finalize();
        let stored = self.bytes(CHECKSUM_BYTES)?;
        if stored[..] != computed[..] {
            return Err(NotSound::Damaged("its checksum does not match"));
        }
        if end.rows != self.rows {
            return Err(NotSound::Damaged("rows are missing"));
        }
        match self.input.read(&mut [0]).map_err(failed)? {
            0 => Ok(()),
            _ => Err(NotSound::Damaged("something follows its end")),
        }
    }

    fn tagged(&mut self) -> Result<(u8, Vec<u8>), NotSound> {
        let tag = self.bytes(1)?[0];
        let len = self.bytes(4)?;
        let len = len.iter().fold(0usize, |len, byte| (len << 8) | usize::from(*byte));
        if len > MAX_RECORD {
            return Err(NotSound::Damaged("a record is too long"));
        }
        Ok((tag, self.bytes(len)?))
    }

    fn bytes(&mut self, len: usize) -> Result<Vec<u8>, NotSound> {
        // Not `vec![0; len]`: a damaged length must not cost memory.
        let mut bytes = Vec::new();
        (&mut self.input).take(len as u64).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() < len {
            return Err(NotSound::CutOff);
        }
        self.hash.update(&bytes);
        Ok(bytes)
    }
}

fn failed(error: std::io::Error) -> NotSound {
    match error.kind() {
        ErrorKind::UnexpectedEof => NotSound::CutOff,
        // An encrypted file says so when a part of it was changed.
        ErrorKind::InvalidData => NotSound::Damaged("a part of it was changed"),
        _ => NotSound::Failed(error),
    }
}

fn row(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_be_bytes(*len) as usize)
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(bytes).context(NotSound::Damaged("a record can't be read"))
}
