//! The wall clock.

use jiff::Timestamp;

/// The wall clock, for reports and one-time codes: no figure depends on it.
#[expect(
    clippy::disallowed_methods,
    reason = "a report says when it was made, and codes go by the time"
)]
pub(crate) fn wall_clock() -> Timestamp {
    Timestamp::now()
}
