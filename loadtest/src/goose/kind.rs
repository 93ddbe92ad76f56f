//! The scenarios, and what each of them needs.

use std::fmt;

use super::mix::Mix;
use crate::sut::{Call, TwoStep};

/// A scenario.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum ScenarioKind {
    /// Verifies a token, again and again.
    Verify,
    /// Signs in, again and again.
    Login,
    /// Signs in, and verifies the token of that login a number of times.
    LoginThenVerify,
    /// Exchanges the refresh token, again and again.
    Refresh,
    /// Registers one account after the other.
    Register,
    /// Calls of several kinds in a given ratio.
    Mixed,
    /// Signs in with a password and a one-time code.
    SecondFactor,
    /// What has to be refused: wrong passwords, unknown users, tampered, expired and forged tokens.
    Negative,
}

impl ScenarioKind {
    pub(super) const ALL: [Self; 8] = [
        Self::Verify,
        Self::Login,
        Self::LoginThenVerify,
        Self::Refresh,
        Self::Register,
        Self::Mixed,
        Self::SecondFactor,
        Self::Negative,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Login => "login",
            Self::LoginThenVerify => "login-then-verify",
            Self::Refresh => "refresh",
            Self::Register => "register",
            Self::Mixed => "mixed",
            Self::SecondFactor => "second-factor",
            Self::Negative => "negative",
        }
    }

    pub(super) fn default_weight(self) -> usize {
        match self {
            Self::Verify => 9,
            _ => 1,
        }
    }

    /// The calls that have to be made, and answered rightly, for the scenario to have run.
    pub(crate) fn calls(self, mix: &Mix) -> Vec<Call> {
        match self {
            Self::Verify => vec![Call::Verify],
            Self::Login => vec![Call::Login],
            Self::LoginThenVerify => vec![Call::Login, Call::Verify],
            Self::Refresh => vec![Call::Refresh],
            Self::Register => vec![Call::Register],
            Self::Mixed => mix.0.iter().map(|(call, _)| *call).collect(),
            Self::SecondFactor => [TwoStep::Password, TwoStep::Code].map(Call::TwoStep).to_vec(),
            // Which ones depends on the server's tokens.
            Self::Negative => vec![],
        }
    }

    /// Whether each of its users needs accounts of its own.
    pub(crate) fn needs_accounts(self, mix: &Mix) -> bool {
        let asks_for_one = |call: &Call| !matches!(call, Call::Register | Call::TwoStep(_));
        self == Self::Negative || self.calls(mix).iter().any(asks_for_one)
    }

    /// Whether its users share accounts with one-time codes.
    pub(crate) fn shares_accounts(self) -> bool {
        self == Self::SecondFactor
    }

    /// Whether these accounts are to be signed in before the run. Otherwise hundreds of password
    /// hashes would fall into the measured time.
    pub(crate) fn needs_sessions(self, mix: &Mix) -> bool {
        match self {
            Self::Verify | Self::Refresh | Self::Negative => true,
            Self::Login | Self::LoginThenVerify | Self::Register | Self::SecondFactor => false,
            Self::Mixed => {
                self.calls(mix).iter().any(|call| matches!(call, Call::Verify | Call::Refresh))
            }
        }
    }
}

impl fmt::Display for ScenarioKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
