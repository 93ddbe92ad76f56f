//! The files that a run leaves.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::args::OutputArgs;
use super::json::{Head, write_json};
use super::junit::write_junit;
use super::page::Page;

impl Page<'_> {
    /// Writes those of the reports that are `wanted`, with `body` as the experiment's part of the
    /// JSON; the files that were written.
    pub(super) fn write_all<'a>(
        &self,
        experiment: &str,
        output: &'a OutputArgs,
        body: &impl Serialize,
        took: Duration,
        wanted: impl Fn(&Path) -> bool,
    ) -> anyhow::Result<Vec<&'a PathBuf>> {
        let wanted = |file: &&PathBuf| wanted(file);
        let mut written = Vec::new();
        if let Some(file) = Some(&output.html).filter(wanted) {
            self.write(file)?;
            written.push(file);
        }
        if let Some(file) = output.json.as_ref().filter(wanted) {
            write_json(file, &Head::new(experiment, self.ending, self.run), body)?;
            written.push(file);
        }
        if let Some(file) = output.junit.as_ref().filter(wanted) {
            write_junit(file, experiment, self.ending, self.objectives, took)?;
            written.push(file);
        }
        Ok(written)
    }
}
