//! What two servers are compared by.

use std::fmt;
use std::time::Duration;

use crate::closed::Span;

/// A kind of request.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, clap::ValueEnum)]
pub(crate) enum Subject {
    /// A login with name and password.
    Login,
    /// A verification of an access token.
    Verify,
}

impl Subject {
    /// Its key in JSON.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Verify => "verify",
        }
    }

    /// A block that is long enough for a median, and short beside what a machine does by itself.
    pub(crate) fn span(self) -> Span {
        match self {
            Self::Login => Span { time: Duration::from_millis(150), answers: 3 },
            Self::Verify => Span { time: Duration::from_millis(50), answers: 50 },
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.key())
    }
}
