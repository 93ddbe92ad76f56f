use std::io::{self, Write};

use anyhow::{Context as _, ensure};
use hallpass_contract::Secret;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{End, Head, MAGIC, MAX_RECORD, TableHead};

/// Writes a backup, record by record.
pub(in crate::store) struct Writer<W> {
    out: Hashing<W>,
    rows: u64,
}

/// Hashes what it writes.
struct Hashing<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Hashing<W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.out.write_all(bytes)
    }
}

impl<W: Write> Writer<W> {
    pub(in crate::store) fn begin(
        out: W,
        head: &Head,
        keys: Option<&Secret>,
    ) -> anyhow::Result<Self> {
        let mut writer = Self { out: Hashing { out, hash: Sha256::new() }, rows: 0 };
        writer.out.put(MAGIC)?;
        writer.json(b'h', head)?;
        if let Some(keys) = keys {
            writer.record(b'k', &[keys.expose().as_bytes()])?;
        }
        Ok(writer)
    }

    pub(in crate::store) fn table(&mut self, table: &TableHead) -> anyhow::Result<()> {
        self.json(b't', table)
    }

    pub(in crate::store) fn row(&mut self, key: &[u8], value: &[u8]) -> anyhow::Result<()> {
        self.rows += 1;
        let key_len = u32::try_from(key.len()).context("a key is too long")?;
        self.record(b'r', &[&key_len.to_be_bytes(), key, value])
    }

    /// Ends the backup. Without it, a backup is not sound.
    pub(in crate::store) fn end(mut self) -> anyhow::Result<()> {
        self.json(b'e', &End { rows: self.rows })?;
        let Hashing { mut out, hash } = self.out;
        out.write_all(&hash.finalize())?;
        Ok(out.flush()?)
    }

    fn json(&mut self, tag: u8, value: &impl Serialize) -> anyhow::Result<()> {
        self.record(tag, &[&serde_json::to_vec(value)?])
    }

    fn record(&mut self, tag: u8, parts: &[&[u8]]) -> anyhow::Result<()> {
        let len = parts.iter().map(|part| part.len()).sum::<usize>();
        ensure!(len <= MAX_RECORD, "a record is too long for a backup");
        self.out.put(&[tag])?;
        self.out.put(&(len as u32).to_be_bytes())?;
        parts.iter().try_for_each(|part| self.out.put(part))?;
        Ok(())
    }
}
