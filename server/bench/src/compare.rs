//! What has changed beyond noise between two runs: `--compare`.

use std::collections::BTreeSet;

use self::change::{Change, Outcome};
pub use self::recorded::Recorded;
use self::recorded::{Group, Row};
use crate::row::Unit;

mod change;
mod machines;
mod recorded;
mod table;
#[cfg(test)]
mod tests;

/// Two runs, row by row.
#[derive(Debug)]
pub struct Comparison {
    /// What was measured before and now.
    commits: [String; 2],
    /// The rows that both have.
    rows: Vec<Compared>,
    /// The rows that only the earlier one has, in groups that both measured.
    only_before: Vec<String>,
    /// The rows that only the later one has.
    only_now: Vec<String>,
    /// The groups that only the earlier one measured.
    groups_before: Vec<String>,
    /// Reasons to doubt the comparison.
    warnings: Vec<String>,
}

/// A row that both runs have.
#[derive(Debug)]
struct Compared {
    group: String,
    name: String,
    /// The reference whose ratio was compared. None if the figure itself was.
    beside: Option<String>,
    unit: Unit,
    change: Change,
}

impl Comparison {
    /// Compares a run with an earlier one.
    pub fn of(before: &Recorded, now: &Recorded) -> Self {
        let mut comparison = Self {
            commits: [before, now].map(|run| run.machine.commit.clone()),
            rows: Vec::new(),
            only_before: Vec::new(),
            only_now: Vec::new(),
            groups_before: Vec::new(),
            warnings: machines::warnings(before, now),
        };
        for group in &now.groups {
            let earlier = before.groups.iter().find(|it| it.name == group.name);
            comparison.add(earlier, group);
        }
        let measured = |name: &str| now.groups.iter().any(|group| group.name == name);
        let names = before.groups.iter().map(|group| group.name.clone());
        comparison.groups_before = names.filter(|name| !measured(name)).collect();
        comparison
    }

    /// Whether a row is worse, beyond noise.
    pub fn is_worse(&self) -> bool {
        self.count(Outcome::Worse) > 0
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.rows.iter().filter(|row| row.change.outcome == outcome).count()
    }

    fn add(&mut self, before: Option<&Group>, now: &Group) {
        let earlier = before.map_or(&[][..], |group| &group.rows);
        let mut matched = BTreeSet::new();
        for row in &now.rows {
            match partner(row, earlier, &now.rows) {
                Some(n) => {
                    matched.insert(n);
                    self.rows.push(Compared::of(&now.name, &earlier[n], row));
                }
                None => self.only_now.push(format!("{}: {}", now.name, row.title())),
            }
        }
        let gone = earlier.iter().enumerate().filter(|(n, _)| !matched.contains(n));
        self.only_before.extend(gone.map(|(_, row)| format!("{}: {}", now.name, row.title())));
    }
}

/// The number of the earlier row with this name beside this reference. If the reference has another
/// name now, the row's own name must be the only one.
fn partner(row: &Row, earlier: &[Row], now: &[Row]) -> Option<usize> {
    let is_same = |other: &&Row| other.name == row.name && other.unit == row.unit;
    let only = |rows: &[Row]| rows.iter().filter(is_same).count() == 1;
    let exact = |other: &Row| is_same(&other) && other.beside() == row.beside();
    let alone = || earlier.iter().position(|other| is_same(&other));
    earlier.iter().position(exact).or_else(|| (only(earlier) && only(now)).then(alone).flatten())
}

impl Compared {
    /// Compares the ratio to something foreign, measured in the same rounds, if there is one. Then
    /// a machine that was slower that day does not count. Otherwise it compares the figures.
    fn of(group: &str, before: &Row, now: &Row) -> Self {
        let ratio = now.reference.as_ref().filter(|it| it.foreign).and_then(|reference| {
            let earlier = before.reference.as_ref().filter(|it| it.name == reference.name)?;
            Some((
                reference.name.clone(),
                Change::of_ratio(earlier.ratio, reference.ratio, now.unit),
            ))
        });
        let (beside, change) = match ratio {
            Some((name, change)) => (Some(name), change),
            None => (None, Change::of_figure(before.figure, now.figure, now.unit)),
        };
        let (group, name) = (group.to_owned(), now.name.clone());
        Self { group, name, beside, unit: now.unit, change }
    }
}
