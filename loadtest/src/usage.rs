//! What is wrong with a command line.

use std::fmt;

/// A mistake in the command line that shows only after it was parsed. The program ends with status
/// 2.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct UsageError(pub(crate) String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}
