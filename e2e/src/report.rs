//! Reports of a run: lines while it goes on, then a page for people and a file for CI systems.

mod html;
mod junit;
mod lines;
mod results;

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::Result;
use crate::attempt::{Attempt, TestOutcome};
use crate::target::Target;
pub(crate) use results::Report;

impl Report {
    pub(crate) fn begin(target: &Target, seed: u64, planned: usize) -> Self {
        let target = match target {
            Target::Own => "a server of its own for each test".to_owned(),
            Target::Deployment(deployment) => deployment.address.clone(),
        };
        Self { target, seed, planned, started: Instant::now(), attempts: Vec::new() }
    }

    /// Takes in a run of a test, and prints its line.
    pub(crate) fn add(&mut self, attempt: Attempt) {
        self.attempts.push(attempt);
        lines::print(self.attempts.last(), self.attempts.len(), self.planned);
    }

    /// Writes the reports into the folder, prints the summary, and returns whether all is well.
    pub(crate) fn finish(mut self, dir: &Path) -> Result<bool> {
        self.attempts.sort_by_key(order);
        let took = self.started.elapsed();
        fs::write(dir.join("junit.xml"), junit::render(&self, took)?)?;
        fs::write(dir.join("index.html"), html::render(&self, took, dir))?;
        lines::summarize(&self, took, dir);
        let interrupted = |attempt: &Attempt| match &attempt.outcome {
            TestOutcome::Skipped(skip) => skip.to_string() == "interrupted",
            _ => false,
        };
        Ok(self.counts(None).failed == 0 && !self.attempts.iter().any(interrupted))
    }
}

/// Reports go by browser and test, whatever the order of the run was.
fn order(attempt: &Attempt) -> impl Ord + use<> {
    (attempt.kind, attempt.test.group(), attempt.test.name, attempt.repeat)
}

#[cfg(test)]
mod tests;
