//! The rows that a check prints.

use std::fmt;
use std::ops::RangeInclusive;

use crate::text::time;

/// A figure of which the truth is known.
pub(super) struct Row {
    pub(super) what: &'static str,
    pub(super) truth: String,
    pub(super) reported: String,
    /// How far they are apart, and how far they may be.
    pub(super) distance: String,
    pub(super) right: bool,
}

impl Row {
    /// A figure that must be the truth itself.
    pub(super) fn same(what: &'static str, truth: &dyn ToString, reported: &dyn ToString) -> Self {
        let (truth, reported) = (truth.to_string(), reported.to_string());
        let right = truth == reported;
        Self { what, truth, reported, distance: "the same".to_owned(), right }
    }

    /// A number that must lie in a range; `distance` says which.
    pub(super) fn within(
        what: &'static str,
        (truth, distance): (String, &str),
        reported: u64,
        range: RangeInclusive<u64>,
    ) -> Self {
        let right = range.contains(&reported);
        Self { what, truth, reported: reported.to_string(), distance: distance.to_owned(), right }
    }

    /// A time in seconds that may be off by this share of it.
    pub(super) fn seconds(
        what: &'static str,
        truth: f64,
        reported_us: Option<u64>,
        bearable: f64,
    ) -> Self {
        let reported = reported_us.map(|us| us as f64 / 1e6).unwrap_or_default();
        let off = reported / truth - 1.0;
        Self {
            what,
            truth: format!("{truth:.3} s"),
            reported: format!("{reported:.3} s"),
            distance: format!("{:+.1}%, at most {:.0}%", 100.0 * off, 100.0 * bearable),
            right: off.abs() <= bearable,
        }
    }

    /// A time in microseconds that may be off by so many.
    pub(super) fn time(what: &'static str, truth: f64, reported: f64, bearable: f64) -> Self {
        let off = reported - truth;
        Self {
            what,
            truth: time(truth),
            reported: time(reported),
            distance: format!("{off:+.0} us, at most {bearable:.0} us"),
            right: off.abs() <= bearable,
        }
    }
}

/// What the following rows are of.
pub(super) fn heading(text: &str) {
    println!("\n{text}\n  {:24} {:>12} {:>12}", "", "truth", "reported");
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, truth, reported, distance, right } = self;
        let mark = if *right { "ok" } else { "WRONG" };
        write!(f, "  {what:24} {truth:>12} {reported:>12}  {mark}: {distance}")
    }
}
