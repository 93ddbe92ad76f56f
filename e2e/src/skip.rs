//! A test that can't be done here is skipped, with the reason. That is no failure.

use std::fmt;

/// Ends a test that can't be done here; the report shows it as skipped, for this reason.
///
/// ```
/// # use hallpass_e2e::{Result, Skip};
/// # fn step() -> Result {
/// Err(Skip::because("there is no second network interface").into())
/// # }
/// # assert!(step().is_err());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Skip(String);

impl Skip {
    /// A test is skipped for this reason.
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Skip {}
