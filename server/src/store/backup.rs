//! The form of a backup: a stream of records, with a checksum at its end.
//!
//! ```text
//! "hallpass backup 1\n"
//! records: tag (1 byte), length (4 bytes, big-endian), contents
//!   h  the head: JSON, comes first
//!   k  keys.json, if there are keys
//!   t  the rows that follow are of this table: JSON
//!   r  a row: length of the key (4 bytes, big-endian), key, value
//!   e  the end: JSON
//! SHA-256 of all before it
//! ```
//!
//! The rows are those of the redb file, as they are there. So a backup of an earlier version is
//! brought up to date as its file would be.

mod reader;
mod writer;

pub use self::reader::{NotSound, verify};
pub(super) use self::reader::{Reader, Record};
pub(super) use self::writer::Writer;

use hallpass_contract::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const MAGIC: &[u8] = b"hallpass backup 1\n";

/// What all versions of the format begin with.
const FAMILY: &[u8] = b"hallpass backup ";

/// The longest record. A row is much shorter: redb holds a table's rows in pages.
const MAX_RECORD: usize = 64 << 20;

const CHECKSUM_BYTES: usize = 32;

/// What a backup says of itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Head {
    /// When it was begun: what was acknowledged before is in it.
    pub made_at: Timestamp,
    /// The version of the program that made it.
    pub made_by: String,
    /// The schema version of the database.
    pub schema: u32,
    /// How many users it holds.
    pub users: u64,
    /// How many sessions it holds.
    pub sessions: u64,
}

/// A table, and what its keys and values are.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct TableHead {
    pub(super) table: String,
    pub(super) key: String,
    pub(super) value: String,
}

/// What the last record says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct End {
    /// How many rows there are.
    pub(super) rows: u64,
}

/// What to back up beside the store's own rows.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The contents of the keys file. None if no server has made keys.
    pub keys: Option<Secret>,
    /// The time.
    pub now: Timestamp,
    /// The version of the program.
    pub made_by: String,
}

/// Why a backup was not made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The rows are in a database that has its own tool.
    #[error(
        "users, sessions and keys are in PostgreSQL: back up the database with pg_dump, and keep a \
         copy of the master key elsewhere; without it the keys in the dump are of no use"
    )]
    OfPostgres,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] super::StoreError),
    /// The rows can't be read, or nobody took what was written.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

#[cfg(test)]
mod tests;
