//! The comparison as a table in Markdown.

use std::fmt;

use super::change::{Change, FIGURE_MOVES, Outcome, RATIO_MOVES};
use super::{Compared, Comparison};
use crate::report::{number, table};

const HEAD: [&str; 6] = ["", "what", "before", "now", "change", ""];

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, now] = &self.commits;
        writeln!(f, "before: commit {before}; now: commit {now}")?;
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        writeln!(f)?;
        let lines: Vec<_> = self.rows.iter().map(Compared::cells).collect();
        table::table(f, HEAD, &lines)?;
        for (title, names) in [
            ("only before", &self.only_before),
            ("only now", &self.only_now),
            ("groups that were measured only before", &self.groups_before),
        ] {
            if !names.is_empty() {
                writeln!(f, "\n{title}: {}", names.join("; "))?;
            }
        }
        let count = |outcome| self.count(outcome);
        let [worse, better] = [Outcome::Worse, Outcome::Better].map(count);
        let [noise, unknown] = [Outcome::WithinNoise, Outcome::Unknown].map(count);
        write!(f, "\n{worse} worse, {better} better, {noise} within noise")?;
        if unknown > 0 {
            write!(f, ", {unknown} that can't be compared")?;
        }
        let [ratio, figure] = [RATIO_MOVES, FIGURE_MOVES].map(|moves| (100.0 * moves).round());
        writeln!(
            f,
            "\n\nA row has changed if its median has moved beyond the 99 % interval that the rounds' \
             quartiles leave,\nand by more than {ratio} % beside another product of the same rounds, \
             or {figure} % by itself.\nWhat was taken once must double or halve; a size must move by \
             {figure} %."
        )
    }
}

impl Compared {
    fn cells(&self) -> [String; 6] {
        let Change { before, now, outcome, .. } = self.change;
        let what = match &self.beside {
            Some(beside) => format!("{}, beside {beside}", self.name),
            None => self.name.clone(),
        };
        let told = |figure| match &self.beside {
            Some(_) => number::times(figure),
            None => number::Quantity(figure, self.unit).to_string(),
        };
        let outcome = match outcome {
            Outcome::Better => "better",
            Outcome::Worse => "WORSE",
            Outcome::WithinNoise => "within noise",
            Outcome::Unknown => "can't be compared",
        };
        [self.group.clone(), what, told(before), told(now), moved(self.change), outcome.to_owned()]
    }
}

/// The change in percent, and its interval.
fn moved(change: Change) -> String {
    let percent = |factor: f64| format!("{:+.0}", 100.0 * (factor - 1.0));
    match (change.outcome, change.factor) {
        (Outcome::Unknown, _) => String::new(),
        (_, None) => format!("{} %, taken once", percent(change.now / change.before)),
        (_, Some([low, high])) => {
            let middle = percent(change.now / change.before);
            format!("{middle} % ({}..{})", percent(low), percent(high))
        }
    }
}
