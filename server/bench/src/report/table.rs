//! The table, as Markdown that a terminal shows as well.

use std::fmt;

use super::number::{Quantity, bound, ratio};
use super::{GroupReport, Report};
use crate::row::{Row, Verdict};

const HEAD: [&str; 7] = ["", "what", "Hallpass", "beside it", "ratio", "target", ""];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.groups.iter().flat_map(|group| {
            let rows = group.findings.rows.iter();
            rows.enumerate().map(|(n, row)| cells(if n == 0 { group.name } else { "" }, row))
        });
        table(f, &lines.collect::<Vec<_>>())?;
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

fn table(f: &mut fmt::Formatter<'_>, lines: &[[String; 7]]) -> fmt::Result {
    let width = |n: usize| {
        let cells = lines.iter().map(|line| line[n].chars().count());
        cells.chain([HEAD[n].chars().count(), 3]).max().unwrap_or(0)
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let mut write = |line: [&str; 7]| {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!(" {cell:width$} |"));
        writeln!(f, "|{}", cells.collect::<String>())
    };
    write(HEAD)?;
    let rules = widths.map(|width| "-".repeat(width));
    write(rules.each_ref().map(String::as_str))?;
    lines.iter().try_for_each(|line| write(line.each_ref().map(String::as_str)))
}
