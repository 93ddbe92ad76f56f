//! Notes in place of reports, for runs without a result. Nobody must take a report of an earlier
//! run for that of this one. So each file is replaced when the run begins, and when it cannot go
//! on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::args::OutputArgs;
use super::page::Page;
use super::run_info::{Machine, RunInfo, ServerInfo};
use crate::machine::wall_clock;
use crate::verdict::{Ending, Verdict};

/// A JSON report's head is all that there is.
#[derive(Serialize)]
struct Nothing {}

/// Replaces each report of an earlier run by a note, so that none stays even if this run is killed.
pub(crate) fn begun(experiment: &str, output: &OutputArgs) {
    let reason = "this run has begun and has no result: it goes on, or it was killed".to_owned();
    let ending = Ending { verdict: Verdict::Invalid, reason };
    write(experiment, output, &ending, is_older_report);
}

/// Puts a note in the place of a report of Goose's own that an earlier run left.
pub(crate) fn begun_by_goose(files: &[PathBuf]) {
    for file in files.iter().filter(|file| is_older_report(file)) {
        // One that cannot be written is told by the check that follows.
        let _ = std::fs::write(file, "\"this run has begun and has no result\"\n");
    }
}

/// Says in each report why there is no result.
pub(crate) fn failed(experiment: &str, output: &OutputArgs, error: &anyhow::Error) {
    let reason = format!("the run has no result: {error:#}");
    let ending = Ending { verdict: Verdict::Fail, reason: one_line(&reason) };
    write(experiment, output, &ending, |_| true);
}

fn write(experiment: &str, output: &OutputArgs, ending: &Ending, wanted: fn(&Path) -> bool) {
    let server = ServerInfo { host: String::new(), own_server: false };
    let page = Page {
        title: format!("Load test without a result ({experiment})"),
        question: "What became of this run?".to_owned(),
        ending,
        objectives: &[],
        figures: vec![],
        tables: vec![],
        run: &RunInfo::new(server, wall_clock(), Machine::this()),
    };
    // What ends the run says which file cannot be written.
    let _ = page.write_all(experiment, output, &Nothing {}, Duration::ZERO, wanted);
}

/// Not a device, which would show the note.
fn is_older_report(file: &Path) -> bool {
    file.is_file() && !file.starts_with("/dev") && !file.starts_with("/proc")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
