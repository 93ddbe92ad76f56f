//! One run of one test, and how it ended.

use std::path::PathBuf;
use std::time::Duration;

use crate::{Kind, Skip, Test};

/// One run of one test.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) test: Test,
    pub(crate) kind: Kind,
    pub(crate) repeat: Option<u32>,
    pub(crate) outcome: TestOutcome,
    pub(crate) took: Duration,
}

impl Attempt {
    /// The test's name, and which run of it this was.
    pub(crate) fn name(&self) -> String {
        match self.repeat {
            Some(n) => format!("{} #{n}", self.test.name),
            None => self.test.name.to_owned(),
        }
    }
}

/// How a test ended.
#[derive(Clone, Debug)]
pub(crate) enum TestOutcome {
    Passed,
    Skipped(Skip),
    Failed(Failure),
}

/// How a test failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What went wrong.
    pub error: String,
    /// The folder with what was seen.
    pub evidence: PathBuf,
}
