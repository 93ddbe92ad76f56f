//! A row of the table: what was measured, what it is compared with, and whether it meets the
//! target.

use serde::{Deserialize, Serialize};

use crate::published::Published;
use crate::statistics::Spread;

/// The unit of a figure.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A number per second.
    PerSecond,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Seconds.
    Seconds,
    /// Millions of bytes.
    Megabytes,
    /// Bytes.
    Bytes,
}

/// The target of a row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The ratio to the reference is at least this.
    RatioAtLeast(f64),
    /// The upper quartile of the ratio to the reference is at least this: nothing shows that the
    /// ratio is less.
    RatioReaches(f64),
    /// The ratio to the reference is at most this.
    RatioAtMost(f64),
    /// The figure is at least this.
    AtLeast(f64),
    /// The figure is at most this.
    AtMost(f64),
}

/// Whether a row meets its target.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does.
    Met,
    /// It does not.
    Missed,
    /// The row has no target.
    Informational,
}

/// What a figure is compared with. It was measured in the same run.
#[derive(Clone, Debug, Serialize)]
pub struct Reference {
    /// Its name.
    pub name: &'static str,
    /// Its figure, in the same unit.
    pub figure: Spread,
    /// The measured figure divided by this one. If both were measured in each round, the ratio is
    /// taken round by round.
    pub ratio: Spread,
    /// Whether it is another product or the disk, measured in the same rounds. A machine that is
    /// slow for a while slows both, and leaves the ratio as it is.
    pub foreign: bool,
}

/// A row of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was measured.
    pub name: &'static str,
    /// The figure.
    pub figure: Spread,
    /// The unit.
    pub unit: Unit,
    /// What it is compared with.
    pub reference: Option<Reference>,
    /// What others have published of their products.
    pub published: Vec<Published>,
    /// The target.
    pub target: Option<Target>,
    /// Whether the target is met.
    pub verdict: Verdict,
    /// What readers must know to judge the row.
    pub note: String,
}

impl Row {
    /// A row with a figure and no comparison.
    pub fn new(name: &'static str, figure: Spread, unit: Unit) -> Self {
        let (reference, published, target, note) = (None, Vec::new(), None, String::new());
        let verdict = Verdict::Informational;
        Self { name, figure, unit, reference, published, target, verdict, note }
    }

    /// Compares it with something else, by the ratio of the medians.
    #[must_use]
    pub fn beside(self, name: &'static str, figure: Spread) -> Self {
        let ratio = Spread::single(self.figure.median / figure.median);
        self.beside_by(name, figure, ratio)
    }

    /// Compares it with something else, by a ratio taken round by round.
    #[must_use]
    pub fn beside_by(self, name: &'static str, figure: Spread, ratio: Spread) -> Self {
        Self { reference: Some(Reference { name, figure, ratio, foreign: false }), ..self }
    }

    /// Compares it with another product or the disk, by a ratio taken round by round.
    #[must_use]
    pub fn beside_foreign(self, name: &'static str, figure: Spread, ratio: Spread) -> Self {
        Self { reference: Some(Reference { name, figure, ratio, foreign: true }), ..self }
    }

    /// Adds what others have published. It was not measured here, so there is no ratio to it.
    #[must_use]
    pub fn published(self, published: &[Published]) -> Self {
        Self { published: published.to_vec(), ..self }
    }

    /// Sets the target. Call it after everything but the note.
    #[must_use]
    pub fn must(mut self, target: Target) -> Self {
        let ratio = self.reference.as_ref().map(|reference| reference.ratio);
        let (ratio, high) = ratio.map_or((f64::NAN, f64::NAN), |ratio| (ratio.median, ratio.high));
        let figure = self.figure.median;
        let is_met = match target {
            Target::RatioAtLeast(bound) => ratio >= bound,
            Target::RatioReaches(bound) => high >= bound,
            Target::RatioAtMost(bound) => ratio <= bound,
            Target::AtLeast(bound) => figure >= bound,
            Target::AtMost(bound) => figure <= bound,
        };
        self.verdict = if is_met { Verdict::Met } else { Verdict::Missed };
        self.target = Some(target);
        self
    }

    /// Adds what readers must know to judge the row.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }
}

/// The results of a group of measurements.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Findings {
    /// What was measured.
    pub rows: Vec<Row>,
    /// What could not be measured, and why.
    pub problems: Vec<String>,
    /// Reasons to doubt the figures.
    pub warnings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(figure: f64) -> Row {
        let row = Row::new("requests", Spread::single(figure), Unit::PerSecond);
        row.beside("something", Spread::single(100.0))
    }

    #[test]
    fn a_target_is_met_from_its_bound_on() {
        for (target, met, missed) in [
            (Target::RatioAtLeast(0.85), 85.0, 84.9),
            (Target::RatioReaches(0.97), 97.0, 96.9),
            (Target::RatioAtMost(1.2), 120.0, 120.1),
            (Target::AtLeast(5000.0), 5000.0, 4999.0),
            (Target::AtMost(50.0), 50.0, 50.1),
        ] {
            assert_eq!(row(met).must(target).verdict, Verdict::Met, "{target:?}");
            assert_eq!(row(missed).must(target).verdict, Verdict::Missed, "{target:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_missed() {
        let alone = Row::new("requests", Spread::single(1.0), Unit::PerSecond);
        assert_eq!(alone.must(Target::RatioAtLeast(0.1)).verdict, Verdict::Missed);
        assert_eq!(row(f64::NAN).must(Target::RatioAtMost(9.0)).verdict, Verdict::Missed);
    }
}
