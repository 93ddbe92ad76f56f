//! The page of a run, in one file beside the evidence that it links to.

use std::fs;
use std::path::Path;
use std::time::Duration;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::results::{Report, seconds};
use crate::attempt::{Attempt, Failure, TestOutcome};

const STYLE: &str = include_str!("report.css");

pub(super) fn render(report: &Report, took: Duration, dir: &Path) -> String {
    let counts = report.counts(None);
    let title = match counts.failed {
        0 => "Browser suite: passed".to_owned(),
        n => format!("Browser suite: {n} failed"),
    };
    let failed = report.attempts.iter().filter_map(|attempt| match &attempt.outcome {
        TestOutcome::Failed(failure) => Some((attempt, failure)),
        _ => None,
    });
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                p {
                    (counts.passed) " passed, " (counts.failed) " failed, " (counts.skipped) " skipped in "
                    (seconds(took)) ". Tested: " (report.target) ". Order: seed " (report.seed) ". "
                    a href="junit.xml" { "JUnit XML" }
                }
                @for (attempt, failure) in failed { (details(attempt, failure, dir)) }
                (table(report))
            }
        }
    };
    page.into_string()
}

fn details(attempt: &Attempt, failure: &Failure, dir: &Path) -> Markup {
    let folder = failure.evidence.strip_prefix(dir).unwrap_or(&failure.evidence);
    html! {
        section id=(anchor(attempt)) {
            h2 { (attempt.name()) " on " (attempt.kind) }
            pre { (failure.error) }
            @let files = files(&failure.evidence, folder);
            p { @for file in &files { a href=(file) { (name(file)) } " " } }
            @for picture in files.iter().filter(|file| file.ends_with(".png")) {
                a href=(picture) { img src=(picture) alt=(format!("{} as it failed", name(picture))); }
            }
        }
    }
}

fn table(report: &Report) -> Markup {
    html! {
        table {
            thead { tr { th { "Browser" } th { "Test" } th { "Result" } th { "Time" } } }
            tbody {
                @for attempt in &report.attempts {
                    tr {
                        td { (attempt.kind) }
                        td { (attempt.test.group()) "::" (attempt.name()) }
                        td { (result(attempt)) }
                        td.time { (seconds(attempt.took)) }
                    }
                }
            }
        }
    }
}

fn result(attempt: &Attempt) -> Markup {
    match &attempt.outcome {
        TestOutcome::Passed => html! { span.passed { "passed" } },
        TestOutcome::Skipped(skip) => html! { span.skipped { "skipped" } ": " (skip) },
        TestOutcome::Failed(_) => html! { a.failed href={ "#" (anchor(attempt)) } { "failed" } },
    }
}

fn anchor(attempt: &Attempt) -> String {
    let repeat = attempt.repeat.map(|n| format!("-{n}")).unwrap_or_default();
    format!("{}-{}{repeat}", attempt.test.name, attempt.kind)
}

/// The evidence, as paths from the page on.
fn files(evidence: &Path, folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(evidence).into_iter().flatten().flatten() {
        let relative = folder.join(entry.file_name());
        if entry.path().is_dir() {
            files.extend(self::files(&entry.path(), &relative));
        } else {
            files.push(relative.display().to_string());
        }
    }
    // The first browser's before those of others.
    files.sort_by_key(|file| (file.matches('/').count(), file.clone()));
    files
}

/// A file's name without the test's folder.
fn name(file: &str) -> &str {
    file.split_once('/').map_or(file, |(_, name)| name)
}
