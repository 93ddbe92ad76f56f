//! Which kind of failure an error of redb is.

use redb::{CommitError, DatabaseError, StorageError, TableError, TransactionError};

use super::guard::DamagedFile;
use crate::store::error::StoreError;

/// A record can't be read. That is the trouble of the write that needs it, and not of the others
/// in its group.
#[derive(Debug, thiserror::Error)]
#[error("{0} is damaged")]
pub(super) struct Damaged(pub(super) String);

/// The database file is not the one that was opened first. The revoked sessions in memory are not
/// those of this file.
#[derive(Debug, thiserror::Error)]
#[error("{0} is another file than before; restart the server")]
pub(super) struct Replaced(pub(super) String);

/// The database is closed until a person has mended it.
#[derive(Debug, thiserror::Error)]
#[error("the database can't be opened again; the log says why")]
pub(super) struct NotOpened;

/// What an error means to the caller of the store. redb has one writer, so there are no conflicts.
pub(super) fn kind_of(error: anyhow::Error) -> StoreError {
    if is_damage(&error) { StoreError::Damaged(error) } else { StoreError::Unavailable(error) }
}

/// Whether the same operation would fail until a person has mended something.
pub(super) fn is_damage(error: &anyhow::Error) -> bool {
    error.is::<Damaged>()
        || error.is::<DamagedFile>()
        || error.is::<Replaced>()
        || error.is::<NotOpened>()
        || error.downcast_ref::<TableError>().is_some_and(is_mismatch)
        || matches!(
            storage_error(error),
            Some(StorageError::Corrupted(_) | StorageError::ValueTooLarge(_))
        )
}

/// A table is not as this version knows it.
fn is_mismatch(error: &TableError) -> bool {
    !matches!(error, TableError::Storage(_))
}

fn storage_error(error: &anyhow::Error) -> Option<&StorageError> {
    if let Some(TableError::Storage(storage)) = error.downcast_ref() {
        return Some(storage);
    }
    if let Some(TransactionError::Storage(storage)) = error.downcast_ref() {
        return Some(storage);
    }
    if let Some(CommitError::Storage(storage)) = error.downcast_ref() {
        return Some(storage);
    }
    if let Some(DatabaseError::Storage(storage)) = error.downcast_ref() {
        return Some(storage);
    }
    error.downcast_ref()
}
