//! The options about output, the same for every command.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use crate::usage::UsageError;

/// Which files a run leaves.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Write a report for people: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE", default_value = "hallpass-load.html")]
    pub(crate) html: PathBuf,

    /// Write all figures as JSON, times in microseconds
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Write each objective as a test case of JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}

impl OutputArgs {
    /// Checks before the run that the files can be written. Older ones stay.
    pub(crate) fn check(&self) -> Result<(), UsageError> {
        let files = [("--html", Some(&self.html)), ("--json", self.json.as_ref())];
        let files = files.into_iter().chain([("--junit", self.junit.as_ref())]);
        files
            .filter_map(|(flag, file)| Some((flag, file?)))
            .try_for_each(|(flag, file)| check_writable(flag, file))
    }
}

impl OutputArgs {
    /// Checks that no report would replace one of these files, or another report.
    pub(crate) fn check_apart(&self, others: &[&Path]) -> Result<(), UsageError> {
        let reports = [("--html", Some(&self.html)), ("--json", self.json.as_ref())];
        let reports = reports.into_iter().chain([("--junit", self.junit.as_ref())]);
        let mut taken: Vec<PathBuf> = others.iter().map(|path| whole(path)).collect();
        for (flag, file) in reports.filter_map(|(flag, file)| Some((flag, file?))) {
            let path = whole(file);
            if taken.contains(&path) && !path.starts_with("/dev") {
                let file = file.display();
                let why =
                    format!("{flag}: {file} is named for something else, too: give another name");
                return Err(UsageError(why));
            }
            taken.push(path);
        }
        Ok(())
    }
}

/// The absolute path, so that two spellings of one file are equal.
fn whole(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// Whether this file of this option can be written.
pub(crate) fn check_writable(flag: &str, file: &Path) -> Result<(), UsageError> {
    let existed = file.exists();
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .map_err(|error| UsageError(format!("{flag}: cannot write {}: {error}", file.display())))?;
    if !existed {
        // What matters is that it could be made.
        let _ = std::fs::remove_file(file);
    }
    Ok(())
}
