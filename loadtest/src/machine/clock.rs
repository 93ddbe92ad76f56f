//! The wall clock.

use jiff::Timestamp;

/// The wall clock, for reports only: no figure depends on it.
#[expect(clippy::disallowed_methods, reason = "a report says when it was made")]
pub(crate) fn wall_clock() -> Timestamp {
    Timestamp::now()
}
