//! What may arrive: the streams of requests of one run.

use crate::sut::{Call, TwoStep};

/// The streams of requests that may arrive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stream {
    Verify,
    Login,
    SecondFactor,
}

impl Stream {
    /// Its key in reports and objectives.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Verify => Call::Verify.key(),
            Self::Login => Call::Login.key(),
            Self::SecondFactor => Call::TwoStep(TwoStep::Code).key(),
        }
    }

    /// Many of them.
    pub(super) fn plural(self) -> &'static str {
        match self {
            Self::Verify => "verifications",
            Self::Login => "logins",
            Self::SecondFactor => "logins in two steps",
        }
    }
}
