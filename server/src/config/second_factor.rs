//! Who must have a second factor.

use clap::ValueEnum;

use crate::store::FactorPolicy;

/// Who must have a second factor.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum RequireSecondFactor {
    /// Nobody
    Off,
    /// Users with the role admin
    Admins,
    /// Everybody
    All,
}

impl From<RequireSecondFactor> for FactorPolicy {
    fn from(who: RequireSecondFactor) -> Self {
        match who {
            RequireSecondFactor::Off => Self::Off,
            RequireSecondFactor::Admins => Self::Admins,
            RequireSecondFactor::All => Self::All,
        }
    }
}
