use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// How many panics there were since this thread began to work on the database, if it does.
    static PANICS: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The database file can't be trusted.
#[derive(Debug, thiserror::Error)]
#[error(
    "the database file is damaged; stop the server, run `hallpass store check`, and restore a \
     backup if `hallpass store repair` can't help"
)]
pub struct DamagedFile;

/// What a panic on this thread comes to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Panic {
    /// It has nothing to do with the database.
    Unrelated,
    /// It becomes an error that says enough: [`DamagedFile`].
    BecomesAnError,
    /// It is the second one, out of what cleans up after the first, and ends the process.
    EndsTheProcess,
}

/// For the hook that is told of a panic: what it comes to.
pub fn count_panic() -> Panic {
    let before = PANICS.get();
    PANICS.set(before.map(|count| count + 1));
    match before {
        None => Panic::Unrelated,
        Some(0) => Panic::BecomesAnError,
        Some(1..) => Panic::EndsTheProcess,
    }
}

/// Works on the database. redb panics at a page that is damaged; that becomes an error here.
///
/// # Errors
///
/// What `work` says, or [`DamagedFile`] if it panics.
pub(super) fn guarded<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let before = PANICS.replace(Some(0));
    let done = catch_unwind(AssertUnwindSafe(work));
    PANICS.set(before);
    done.unwrap_or_else(|_| Err(DamagedFile.into()))
}
