//! The figures and the verdict as JSON, with the same names as the open loop has for them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::summary::{Figures, Summary, Times};
use super::verdict::Findings;
use crate::target::Outcome;
use crate::verdict::{Ending, Verdict};

#[derive(Serialize)]
struct Document<'a> {
    verdict: &'static str,
    reason: &'a str,
    /// Of the time in which was measured, without the ramp-up.
    seconds: f64,
    requests: BTreeMap<String, Request>,
    /// The reason by the case that could not be tried.
    skipped: BTreeMap<&'static str, &'a str>,
}

#[derive(Serialize)]
struct Request {
    method: String,
    /// In Goose's reports.
    name: String,
    count: u64,
    failed: u64,
    /// Requests per second.
    achieved: f64,
    /// Of the whole run, its ramp-up included.
    outcomes: BTreeMap<&'static str, u64>,
    /// Microseconds from sending a request to the answer's headers.
    service_us: Times,
}

/// Writes the file.
///
/// # Errors
///
/// The disk's.
pub(super) fn write(file: &Path, findings: &Findings, ending: &Ending) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(&document(findings, ending))?;
    std::fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))
}

fn document<'a>(findings: &'a Findings, ending: &'a Ending) -> Document<'a> {
    let summary = &findings.summary;
    Document {
        verdict: match ending.verdict {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Invalid => "invalid",
        },
        reason: &ending.reason,
        seconds: summary.seconds,
        requests: summary.rows.iter().map(|row| (row.row.key(), request(row, summary))).collect(),
        skipped: findings.skipped.iter().map(|(call, why)| (call.key(), why.as_str())).collect(),
    }
}

fn request(figures: &Figures, summary: &Summary) -> Request {
    let outcomes = Outcome::ALL.into_iter().zip(figures.outcomes);
    Request {
        method: figures.method.clone(),
        name: figures.name.clone(),
        count: figures.count,
        failed: figures.failed,
        achieved: summary.rate(figures.count),
        outcomes: outcomes.map(|(outcome, count)| (outcome.key(), count)).collect(),
        service_us: figures.times,
    }
}
