//! What an experiment has found, and the reports that are written of it.

use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;

use super::args::OutputArgs;
use super::page::{Figure, Page, Table};
use super::run_info::{Machine, RunInfo, ServerInfo};
use super::unfinished;
use crate::machine::wall_clock;
use crate::slo::Judged;
use crate::verdict::Ending;

/// What an experiment has found.
#[derive(Debug)]
pub(crate) struct Findings<B> {
    pub(crate) server: ServerInfo,
    pub(crate) title: String,
    /// What was to be found out, in a sentence that stands by itself.
    pub(crate) question: String,
    pub(crate) ending: Ending,
    /// What was asked for, and whether it holds: a row each in the page, a test case each for CI.
    pub(crate) objectives: Vec<Judged>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) tables: Vec<Table>,
    /// The numbers in brief, for standard output.
    pub(crate) summary: String,
    /// What the JSON report has beside its head.
    pub(crate) body: B,
}

/// How an experiment is run, noted from its beginning on.
#[derive(Debug)]
pub(crate) struct ReportWriter<'a> {
    experiment: &'static str,
    output: &'a OutputArgs,
    machine: Machine,
    started_at: Timestamp,
    started: Instant,
}

impl<'a> ReportWriter<'a> {
    /// The experiment of this name begins.
    ///
    /// # Errors
    ///
    /// A report could not be written ([`UsageError`](crate::usage::UsageError)).
    pub(crate) fn begin(experiment: &'static str, output: &'a OutputArgs) -> anyhow::Result<Self> {
        output.check()?;
        unfinished::begun(experiment, output);
        let (machine, started_at, started) = (Machine::this(), wall_clock(), Instant::now());
        Ok(Self { experiment, output, machine, started_at, started })
    }

    /// Writes all reports, and names them on standard output; the verdict to end with.
    pub(crate) fn publish<B: Serialize>(self, found: Findings<B>) -> anyhow::Result<Ending> {
        let took = self.started.elapsed();
        println!("{}", found.summary);
        let run = RunInfo::new(found.server, self.started_at, self.machine);
        let page = Page {
            title: found.title,
            question: found.question,
            ending: &found.ending,
            objectives: &found.objectives,
            figures: found.figures,
            tables: found.tables,
            run: &run,
        };
        for file in page.write_all(self.experiment, self.output, &found.body, took, |_| true)? {
            println!("report: {}", file.display());
        }
        Ok(found.ending)
    }
}
