use std::time::Duration;

/// How long to wait before the next attempt.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RetryAfter(pub Duration);
