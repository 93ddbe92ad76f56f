//! The table, as Markdown that a terminal shows as well.

use std::fmt;

use super::number::{Quantity, bound, ratio};
use super::{GroupReport, Report};
use crate::published::Published;
use crate::row::{Row, Verdict};

const HEAD: [&str; 7] = ["", "what", "Hallpass", "beside it", "ratio", "target", ""];

/// What stands beside a figure of others.
const PUBLISHED: &str = "published, not measured here";

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.groups.iter().flat_map(|group| {
            let rows = group.findings.rows.iter();
            rows.enumerate().flat_map(|(n, row)| lines(if n == 0 { group.name } else { "" }, row))
        });
        table(f, HEAD, &lines.collect::<Vec<_>>())?;
        let sources = sources(self.rows());
        if !sources.is_empty() {
            writeln!(f, "\nPublished by others, of other machines, and not measured here:\n")?;
        }
        sources.iter().try_for_each(|source| writeln!(f, "{source}"))?;
        for GroupReport { name, findings, .. } in &self.groups {
            for problem in &findings.problems {
                writeln!(f, "\n{name}: not measured: {problem}")?;
            }
            for warning in &findings.warnings {
                writeln!(f, "\n{name}: disturbed: {warning}")?;
            }
        }
        let (met, missed) = (self.count(Verdict::Met), self.count(Verdict::Missed));
        writeln!(f, "\n{met} targets met, {missed} missed; a ratio with its quartiles\n")?;
        if self.quick {
            writeln!(
                f,
                "Only a look: rounds and users were fewer than the targets are meant for.\n"
            )?;
        }
        writeln!(f, "{}", self.machine)
    }
}

/// The line of a row, and one for each figure that others have published.
fn lines(group: &str, row: &Row) -> Vec<[String; 7]> {
    let published = row.published.iter().map(|published| {
        let figure = Quantity(published.figure, row.unit);
        let beside = format!("{}, {} {figure}", published.product, published.machine);
        let cells = ["", PUBLISHED, "", &beside, "", "", ""];
        cells.map(str::to_owned)
    });
    [cells(group, row)].into_iter().chain(published).collect()
}

/// Where the published figures are from, each once.
fn sources<'r>(rows: impl Iterator<Item = &'r Row>) -> Vec<String> {
    let mut told = Vec::new();
    for (row, it) in rows.flat_map(|row| row.published.iter().map(move |it| (row, it))) {
        let Published { product, figure, machine, note, source } = it;
        let figure = Quantity(*figure, row.unit);
        let source = format!("- {product}, {machine}, {figure}: {note}. {source}");
        if !told.contains(&source) {
            told.push(source);
        }
    }
    told
}

fn cells(group: &str, row: &Row) -> [String; 7] {
    let quantity = |figure| Quantity(figure, row.unit).to_string();
    let reference = row.reference.as_ref();
    let beside = reference.map(|it| format!("{} {}", it.name, quantity(it.figure.median)));
    let verdict = match row.verdict {
        Verdict::Met => "met",
        Verdict::Missed => "MISSED",
        Verdict::Informational => "",
    };
    [
        group.to_owned(),
        row.name.to_owned(),
        quantity(row.figure.median),
        beside.unwrap_or_default(),
        reference.map(|it| ratio(it.ratio)).unwrap_or_default(),
        row.target.map(|target| bound(target, row.unit)).unwrap_or_default(),
        verdict.to_owned(),
    ]
}

/// A table with this head, as wide as its cells are.
pub(crate) fn table<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    head: [&str; N],
    lines: &[[String; N]],
) -> fmt::Result {
    let width = |n: usize| {
        let cells = lines.iter().map(|line| line[n].chars().count());
        cells.chain([head[n].chars().count(), 3]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut write = |line: [&str; N]| {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!(" {cell:width$} |"));
        writeln!(f, "|{}", cells.collect::<String>())
    };
    write(head)?;
    let rules = widths.map(|width| "-".repeat(width));
    write(rules.each_ref().map(String::as_str))?;
    lines.iter().try_for_each(|line| write(line.each_ref().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::published::LOGINS;
    use crate::row::Unit;
    use crate::statistics::Spread;

    #[test]
    fn what_others_have_published_has_a_line_without_a_ratio_and_a_source() {
        let row = Row::new("POST /api/login", Spread::single(30.0), Unit::PerSecond);
        let row = row.published(&LOGINS);
        let lines = lines("logins", &row);
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[1], ["", PUBLISHED, "", "Keycloak, one vCPU 15.0/s", "", "", ""]);
        let sources = sources([&row, &row].into_iter());
        assert_eq!(sources.len(), 3, "each only once");
        assert!(sources[0].ends_with(LOGINS[0].source) && sources[0].contains("argon2id"));
    }
}
