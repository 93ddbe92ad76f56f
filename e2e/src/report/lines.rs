//! The lines that a run prints.

use std::path::Path;
use std::time::Duration;

use super::results::{Report, seconds};
use crate::attempt::{Attempt, TestOutcome};

/// A line for a test that has ended.
pub(super) fn print(attempt: Option<&Attempt>, done: usize, planned: usize) {
    let Some(attempt) = attempt else { return };
    let width = planned.to_string().len();
    let word = match attempt.outcome {
        TestOutcome::Passed => "ok",
        TestOutcome::Failed(_) => "FAILED",
        TestOutcome::Skipped(_) => "skipped",
    };
    let repeat = attempt.repeat.map(|n| format!(" #{n}")).unwrap_or_default();
    let (kind, name, took) = (attempt.kind, attempt.test.full_name(), seconds(attempt.took));
    println!("[{done:width$}/{planned}] {word:7} {kind:8} {name}{repeat} ({took})");
    match &attempt.outcome {
        TestOutcome::Passed => {}
        TestOutcome::Skipped(skip) => println!("    {skip}"),
        TestOutcome::Failed(failure) => {
            let error = failure.error.replace('\n', "\n    ");
            println!("    {error}\n    see {}", failure.evidence.display());
        }
    }
}

/// The summary at the end.
pub(super) fn summarize(report: &Report, took: Duration, dir: &Path) {
    println!();
    for attempt in &report.attempts {
        if let TestOutcome::Failed(failure) = &attempt.outcome {
            let error = failure.error.lines().next().unwrap_or_default();
            println!("FAILED {} {}: {error}", attempt.kind, attempt.name());
        }
    }
    for kind in report.kinds() {
        let counts = report.counts(Some(kind));
        let (passed, run) = (counts.passed, counts.passed + counts.failed);
        println!("{kind}: {passed} of {run} passed{}", skipped(counts.skipped));
        repeats(report, kind);
    }
    println!(
        "{} with seed {}; see {}",
        seconds(took),
        report.seed,
        dir.join("index.html").display()
    );
}

fn skipped(n: usize) -> String {
    if n == 0 { String::new() } else { format!(", {n} skipped") }
}

/// How many whole runs of the suite passed.
fn repeats(report: &Report, kind: crate::Kind) {
    let of_kind = || report.attempts.iter().filter(move |attempt| attempt.kind == kind);
    let Some(repeats) = of_kind().filter_map(|attempt| attempt.repeat).max() else { return };
    let clean = |n: &u32| {
        let failed =
            |a: &Attempt| a.repeat == Some(*n) && matches!(a.outcome, TestOutcome::Failed(_));
        !of_kind().any(failed)
    };
    let passed = (1..=repeats).filter(clean).count();
    println!("{kind}: {passed} of {repeats} runs of the suite without a failure");
}
