//! Which kind of failure an error of redb is.

use redb::{CommitError, StorageError, TableError, TransactionError};

use super::guard::DamagedFile;
use crate::store::error::StoreError;

/// A record can't be read. That is the trouble of the write that needs it, and not of the others
/// in its group.
#[derive(Debug, thiserror::Error)]
#[error("{0} is damaged")]
pub(super) struct Damaged(pub(super) String);

/// What an error means to the caller of the store. redb has one writer, so there are no conflicts.
pub(super) fn kind_of(error: anyhow::Error) -> StoreError {
    let is_damage = error.is::<Damaged>() || error.is::<DamagedFile>() || is_corruption(&error);
    if is_damage { StoreError::Damaged(error) } else { StoreError::Unavailable(error) }
}

fn is_corruption(error: &anyhow::Error) -> bool {
    let storage = match (error.downcast_ref(), error.downcast_ref(), error.downcast_ref()) {
        (Some(TableError::Storage(storage)), _, _)
        | (_, Some(TransactionError::Storage(storage)), _)
        | (_, _, Some(CommitError::Storage(storage))) => Some(storage),
        (Some(_), _, _) => return true,
        _ => error.downcast_ref(),
    };
    matches!(storage, Some(StorageError::Corrupted(_)))
}
