use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// How many panics there were since this thread began to work on the database. None while it
    /// does not.
    static PANICS: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The database file can't be trusted.
#[derive(Debug, thiserror::Error)]
#[error(
    "the database file is damaged; stop the server, run `hallpass store check`, and restore a \
     backup if `hallpass store repair` can't help"
)]
pub struct DamagedFile;

/// What a panic on this thread means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Panic {
    /// It has nothing to do with the database.
    Unrelated,
    /// redb panicked at a damaged page. The panic becomes an error: [`DamagedFile`].
    BecomesAnError,
    /// It is a second one, from the clean-up after the first. It ends the process.
    EndsTheProcess,
}

/// Counts a panic and says what it means. The panic hook calls it.
pub fn count_panic() -> Panic {
    let before = PANICS.get();
    PANICS.set(before.map(|count| count + 1));
    match before {
        None => Panic::Unrelated,
        Some(0) => Panic::BecomesAnError,
        Some(1..) => Panic::EndsTheProcess,
    }
}

/// Runs `work` on the database, and turns the panic of redb at a damaged page into an error.
///
/// # Errors
///
/// Those of `work`, or [`DamagedFile`] if it panics.
pub(super) fn guarded<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let before = PANICS.replace(Some(0));
    let done = catch_unwind(AssertUnwindSafe(work));
    PANICS.set(before);
    done.unwrap_or_else(|_| Err(DamagedFile.into()))
}
