//! What is told in the end.

pub mod chart;
mod number;
mod table;

use serde::Serialize;

use crate::machine::Machine;
use crate::row::{Findings, Row, Verdict};

/// All that a run found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What it was measured on.
    pub machine: Machine,
    /// Whether it was only a look.
    pub quick: bool,
    /// In the order they were measured in.
    pub groups: Vec<GroupReport>,
}

/// What a group found.
#[derive(Clone, Debug, Serialize)]
pub struct GroupReport {
    /// The group.
    pub name: &'static str,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// What it found.
    #[serde(flatten)]
    pub findings: Findings,
}

impl Report {
    /// Whether all could be measured, whatever came out.
    pub fn is_complete(&self) -> bool {
        self.groups.iter().all(|group| group.findings.problems.is_empty())
    }

    /// The rows with this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows().filter(|row| row.verdict == verdict).count()
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.groups.iter().flat_map(|group| &group.findings.rows)
    }
}
