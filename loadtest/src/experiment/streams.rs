//! The two streams of requests that every experiment sends: verifications and logins.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::open::{Load, Stage, Work};

/// One of the streams; its number in a run's works and results.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stream {
    /// Checks of an access token.
    Verify,
    /// Sign-ins by name and password.
    Login,
}

impl Stream {
    /// Its key in reports and objectives.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Login => "login",
        }
    }

    /// The loads of a phase in which this stream has a constant rate per second, and the other one
    /// has another.
    pub(crate) fn beside(self, rate: f64, other: f64) -> Vec<Load> {
        match self {
            Self::Verify => loads(rate, other),
            Self::Login => loads(other, rate),
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The loads of a phase with both streams at constant rates per second.
pub(crate) fn loads(verify: f64, login: f64) -> Vec<Load> {
    vec![Load::constant(verify), Load::constant(login)]
}

/// What the streams send, in the order of their numbers.
pub(crate) fn works(stage: &Stage) -> [Arc<dyn Work>; 2] {
    [stage.verify(), stage.sign_in()]
}
