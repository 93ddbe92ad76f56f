//! How a run ends: a line that begins with its verdict, and the exit status that goes with it.

use std::fmt;
use std::process::ExitCode;

use serde::Serialize;

/// What a run amounts to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// All that was asked for holds.
    Pass,
    /// Something that was asked for does not hold.
    Fail,
    /// The generator did not do its own part, so that nothing can be said of the server.
    Invalid,
}

impl Verdict {
    fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Invalid => 3,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Invalid => "INVALID",
        })
    }
}

/// The end of a run: the verdict and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Ending {
    pub(crate) verdict: Verdict,
    /// Without the verdict; one line.
    pub(crate) reason: String,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.verdict, self.reason)
    }
}

impl Ending {
    /// Prints the last line of standard output; the exit status that goes with it.
    pub(crate) fn exit(&self) -> ExitCode {
        println!("{self}");
        ExitCode::from(self.verdict.code())
    }
}
