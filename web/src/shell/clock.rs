//! The device's clock.

use js_sys::Date;

use crate::session::Seconds;

/// The device's clock.
pub(super) fn now() -> Seconds {
    seconds(Date::now()).unwrap_or_default()
}

/// Milliseconds since 1970, cut to seconds; none if they are no number.
#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds since 1970 fit with room to spare"
)]
pub(super) fn seconds(milliseconds: f64) -> Option<Seconds> {
    milliseconds.is_finite().then_some((milliseconds / 1000.0) as Seconds)
}
