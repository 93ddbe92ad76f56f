//! A change that a user makes to their own factors, and who must have one.

use super::factors::FactorChange;
use super::session::Session;
use super::user::User;

/// Who must have a second factor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FactorPolicy {
    /// Nobody.
    Off,
    /// Admins.
    Admins,
    /// Everybody.
    All,
}

impl FactorPolicy {
    /// Whether the user must have a second factor.
    pub fn demands(self, user: &User) -> bool {
        match self {
            Self::Off => false,
            Self::Admins => user.is_admin(),
            Self::All => true,
        }
    }

    /// Whether the user must have a second factor and has none.
    pub fn is_unmet(self, user: &User) -> bool {
        self.demands(user) && !user.factors.are_needed()
    }
}

/// A change that a user makes to their own factors, and what goes with it.
#[derive(Clone, Debug)]
pub struct FactorEdit {
    /// The change.
    pub change: FactorChange,
    /// Whose last factor must stay.
    pub policy: FactorPolicy,
    /// The session that starts with the user's first factor, if the one in which they ask is for
    /// setting it up and for nothing else.
    pub starts: Option<Session>,
}

impl From<FactorChange> for FactorEdit {
    /// The change alone, where nobody must have a factor.
    fn from(change: FactorChange) -> Self {
        Self { change, policy: FactorPolicy::Off, starts: None }
    }
}
