//! The report of a run.

pub mod chart;
pub(crate) mod number;
pub(crate) mod table;

use serde::Serialize;

use crate::machine::Machine;
use crate::row::{Findings, Row, Verdict};

/// The version of what `--json` writes. The first one did not say it, and had neither the number of
/// rounds nor whether a reference is foreign.
pub const FORMAT: u32 = 2;

/// All results of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of the format: [`FORMAT`].
    pub format: u32,
    /// The machine that was measured on.
    pub machine: Machine,
    /// Whether it was a quick run.
    pub quick: bool,
    /// The groups, in the order in which they were measured.
    pub groups: Vec<GroupReport>,
}

/// The results of a group.
#[derive(Clone, Debug, Serialize)]
pub struct GroupReport {
    /// The group.
    pub name: &'static str,
    /// How long the group took, in seconds.
    pub seconds: f64,
    /// The results.
    #[serde(flatten)]
    pub findings: Findings,
}

impl Report {
    /// Whether everything could be measured, whether or not targets were met.
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
