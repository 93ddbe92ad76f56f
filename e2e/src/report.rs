//! What came of a run: lines while it goes on, then a page for people and a file for CI systems.

mod html;
mod junit;
mod lines;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::runner::Outcome;
use crate::target::Target;
use crate::{Kind, Result, Test};

/// One run of one test.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) test: Test,
    pub(crate) kind: Kind,
    pub(crate) repeat: Option<u32>,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
}

impl Attempt {
    /// The test's name, and which run of it this was.
    fn name(&self) -> String {
        match self.repeat {
            Some(n) => format!("{} #{n}", self.test.name),
            None => self.test.name.to_owned(),
        }
    }
}

/// A run.
#[derive(Debug)]
pub(crate) struct Report {
    /// What was tested, in words.
    target: String,
    seed: u64,
    planned: usize,
    started: Instant,
    attempts: Vec<Attempt>,
}

/// How many runs ended in which way.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Report {
    pub(crate) fn begin(target: &Target, seed: u64, planned: usize) -> Self {
        let target = match target {
            Target::Own => "a server of its own for each test".to_owned(),
            Target::Deployment(deployment) => deployment.origin.clone(),
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
            Outcome::Skipped(skip) => skip.to_string() == "interrupted",
            _ => false,
        };
        Ok(self.counts(None).failed == 0 && !self.attempts.iter().any(interrupted))
    }

    /// For one browser, or for all.
    fn counts(&self, kind: Option<Kind>) -> Counts {
        let mut counts = Counts::default();
        for attempt in self.attempts.iter().filter(|a| kind.is_none_or(|kind| a.kind == kind)) {
            *match attempt.outcome {
                Outcome::Passed => &mut counts.passed,
                Outcome::Failed(_) => &mut counts.failed,
                Outcome::Skipped(_) => &mut counts.skipped,
            } += 1;
        }
        counts
    }

    /// The browsers that there are runs of.
    fn kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<_> = self.attempts.iter().map(|attempt| attempt.kind).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }
}

/// Reports go by browser and test, whatever the order of the run was.
fn order(attempt: &Attempt) -> impl Ord + use<> {
    (attempt.kind, attempt.test.group(), attempt.test.name, attempt.repeat)
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests;
