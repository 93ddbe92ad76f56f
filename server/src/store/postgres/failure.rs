//! Which kind of failure an error of the database is.

use crate::store::StoreError;
use tokio_postgres::error::SqlState;

/// A record can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{0} is damaged")]
pub(super) struct Damaged(pub(super) String);

/// What an error means to the caller of the store.
pub(super) fn kind_of(error: anyhow::Error) -> StoreError {
    if error.is::<Damaged>() {
        return StoreError::Damaged(error);
    }
    match code_of(&error) {
        Some(code) if is_conflict(code) => StoreError::Conflict(error),
        Some(code) if !is_passing(code) => StoreError::Damaged(error),
        _ => StoreError::Unavailable(error),
    }
}

/// Whether the connection is of no use after this error: it is broken, the database ends it, or it
/// leads to a server that only answers reads.
pub(super) fn ends_connection(error: &anyhow::Error) -> bool {
    let is_from_database = error.is::<Damaged>() || code_of(error).is_some();
    !is_from_database || code_of(error).is_some_and(is_passing)
}

fn code_of(error: &anyhow::Error) -> Option<&SqlState> {
    error.downcast_ref::<tokio_postgres::Error>()?.code()
}

/// These two alone: the transaction was rolled back, and the same one may succeed at once.
fn is_conflict(code: &SqlState) -> bool {
    matches!(*code, SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED)
}

/// Whether the database may soon do what it could not do now. It is starting, stopping, out of
/// room, or a standby. All else is a mistake in the program or a schema that somebody changed.
fn is_passing(code: &SqlState) -> bool {
    const CLASSES: [&str; 5] = ["08", "25", "53", "57", "58"];
    CLASSES.contains(&code.code().get(..2).unwrap_or_default())
}
