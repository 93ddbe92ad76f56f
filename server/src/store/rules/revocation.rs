//! How long a session that has ended is remembered: until its last access token has expired. What
//! has expired is swept.

use jiff::Timestamp;

use crate::store::session::{Moment, Session};
use crate::token::LONGEST_ACCEPTED;

/// Whether what lasts until `expires_at` is over: a session, a reset offer or a revocation.
pub(crate) fn has_expired(expires_at: Timestamp, now: Timestamp) -> bool {
    expires_at <= now
}

/// Until when to remember a session that ends `at`. Its record may be gone or unreadable, and it
/// may be remembered already.
pub(crate) fn until(
    session: Option<&Session>,
    remembered: Option<Timestamp>,
    at: Moment,
) -> Timestamp {
    let issued = session.map(|session| session.tokens_expired_at);
    at.tokens_expired_at
        .max(issued.unwrap_or(Timestamp::MIN))
        .max(remembered.unwrap_or(Timestamp::MIN))
}

/// Until when to remember a session that has expired, if any access token outlives it. That is so
/// if the token was issued while the clock was ahead.
pub(crate) fn swept_until(session: Option<&Session>, now: Timestamp) -> Option<Timestamp> {
    let longest = || now.checked_add(LONGEST_ACCEPTED).unwrap_or(Timestamp::MAX);
    let until = session.map_or_else(longest, |session| session.tokens_expired_at);
    (!has_expired(until, now)).then_some(until)
}
