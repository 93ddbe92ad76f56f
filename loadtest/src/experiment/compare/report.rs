//! The report of a comparison: ratios, pictures, tables and JSON.

use std::collections::BTreeMap;

use super::args::Args;
use super::json::{CompareJson, body};
use super::measure::{CONFIDENCE, ComparedBy, Comparison};
use crate::closed::Block;
use crate::experiment::duel::{Pair, Side};
use crate::report::{Axis, Chart, Figure, Findings, Series, Table, Tone, Unit};
use crate::slo::Judged;
use crate::stats::{Interval, quantile};
use crate::text::{grouped, time};
use crate::verdict::{Ending, Verdict};

pub(super) fn findings(
    args: &Args,
    sides: &mut [Side; 2],
    measured: &[Comparison],
    interrupted: bool,
) -> Findings<CompareJson> {
    let objectives: Vec<Judged> = match args.at_least {
        Some(least) => measured.iter().map(|one| objective(one, least)).collect(),
        None => vec![],
    };
    let failures = failures(measured);
    let exits: Vec<String> = sides
        .iter_mut()
        .filter_map(|side| Some(format!("{} ended ({})", side.server().host, side.exit()?)))
        .collect();
    let [a, b] = [&sides[0], &sides[1]].map(|side| side.server().host);
    let ending = ending(measured, &objectives, &[&exits[..], &failures[..]].concat(), interrupted);
    Findings {
        title: format!("{} against {}", args.target.target, args.to.target),
        question: format!(
            "How many times as fast is server A ({}, {a}) as server B ({}, {b}), under the same load and \
             on the same machine?",
            args.target.target, args.to.target
        ),
        server: sides[0].server(),
        ending,
        objectives,
        figures: measured.iter().map(|one| picture(args, one)).collect(),
        tables: vec![ratios(args, measured), times(args, measured)],
        summary: summary(args, measured),
        body: body(args, [a, b], measured, failures, interrupted),
    }
}

/// What is compared, for people.
fn name(args: &Args, one: &Comparison) -> String {
    match one.measure {
        ComparedBy::Time => format!("{}, time", one.subject),
        ComparedBy::Rate => format!("{} per second on {}", one.subject, args.connections),
    }
}

fn figure(measure: ComparedBy, value: f64) -> String {
    match measure {
        ComparedBy::Time => time(value),
        ComparedBy::Rate if value >= 1000.0 => format!("{}/s", grouped(value.round() as u64)),
        ComparedBy::Rate => format!("{value:.1}/s"),
    }
}

fn times_as(ratio: f64) -> String {
    match ratio {
        10.0.. => format!("{ratio:.1}"),
        _ => format!("{ratio:.2}"),
    }
}

fn objective(one: &Comparison, least: f64) -> Judged {
    let ratio = one.ratio();
    let what = match one.measure {
        ComparedBy::Time => "time",
        ComparedBy::Rate => "rate",
    };
    let observed =
        ratio.map(|ratio| format!("{} times ({})", times_as(ratio.estimate), times_from_to(ratio)));
    // What the interval leaves open is not a miss: that is only what is surely below.
    let held = ratio.is_some_and(|ratio| ratio.high >= least);
    let slo = format!("A at least {least} times as fast by {what}");
    Judged::new(slo, one.subject.key(), observed, held)
}

/// The ends of an interval of ratios.
fn times_from_to(ratio: Interval) -> String {
    format!("{} to {}", times_as(ratio.low), times_as(ratio.high))
}

/// Each kind of failure with its number and the server.
fn failures(measured: &[Comparison]) -> Vec<String> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for one in measured {
        for pair in &one.pairs {
            for (server, block) in [("A", &pair.a), ("B", &pair.b)] {
                for failure in &block.failures {
                    let kind = format!("{} on {server}: {}", one.subject, failure.kind);
                    *counts.entry(kind).or_default() += 1;
                }
            }
        }
    }
    counts.into_iter().map(|(kind, count)| format!("{count} x {kind}")).collect()
}

fn ending(
    measured: &[Comparison],
    objectives: &[Judged],
    failures: &[String],
    interrupted: bool,
) -> Ending {
    let all = measured.iter().map(in_brief).collect::<Vec<_>>().join(", ");
    let missed = objectives.iter().filter(|objective| !objective.held);
    let missed = missed.map(|Judged { slo, request, observed, .. }| {
        format!("{request}: not {slo} ({})", observed.as_deref().unwrap_or("nothing measured"))
    });
    let missed: Vec<String> = missed.collect();
    let (verdict, reason) = if interrupted {
        (Verdict::Fail, format!("interrupted; until then A was so many times as fast as B: {all}"))
    } else if !failures.is_empty() {
        (Verdict::Fail, failures.join("; "))
    } else if measured.iter().any(|one| one.ratio().is_none()) {
        (Verdict::Invalid, "there are blocks without an answer".to_owned())
    } else if !missed.is_empty() {
        (Verdict::Fail, missed.join("; "))
    } else {
        (Verdict::Pass, format!("A is so many times as fast as B: {all}"))
    };
    Ending { verdict, reason }
}

fn in_brief(one: &Comparison) -> String {
    let by = match one.measure {
        ComparedBy::Time => "by time",
        ComparedBy::Rate => "by rate",
    };
    let ratio = one.ratio().map_or("?".to_owned(), |ratio| times_as(ratio.estimate));
    format!("{} {ratio} {by}", one.subject)
}

fn picture(args: &Args, one: &Comparison) -> Figure {
    let line = |name: String, tone, side: fn(&Pair) -> &Block| {
        Series::new(
            name,
            tone,
            (1..)
                .zip(&one.pairs)
                .map(|(number, pair)| (f64::from(number), one.measure.of(side(pair))))
                .collect(),
        )
    };
    let (y, reading) = match one.measure {
        ComparedBy::Time => (
            Axis::new("median time", Unit::Time),
            "How long a request took, one at a time, in each block: the lower line is the faster server. \
             Each step of the axis is ten times the one before, or the 1-2-5 between them.",
        ),
        ComparedBy::Rate => (
            Axis::new("requests per second", Unit::Number),
            "How many requests a server answered per second with as many at once as there are \
             connections: the higher line is the faster server.",
        ),
    };
    Figure::new(
        name(args, one),
        format!(
            "{reading} Both servers were measured in turn, so a dip of the machine shows in both lines."
        ),
        Chart::new(
            Axis::new("block", Unit::Number),
            y,
            vec![
                line(format!("A: {}", args.target.target), Tone::Blue, |pair| &pair.a),
                line(format!("B: {}", args.to.target), Tone::Orange, |pair| &pair.b),
            ],
        ),
    )
}

fn ratios(args: &Args, measured: &[Comparison]) -> Table {
    let row = |one: &Comparison| {
        let both = [one.middle(|pair| &pair.a), one.middle(|pair| &pair.b)];
        let [a, b] = both.map(|value| figure(one.measure, value));
        let ratio = one.ratio().map(|ratio| [times_as(ratio.estimate), times_from_to(ratio)]);
        let [ratio, interval] = ratio.unwrap_or_else(|| ["-", "-"].map(str::to_owned));
        vec![name(args, one), a, b, ratio, interval]
    };
    Table::new(
        "How many times as fast A is",
        format!(
            "The middle of {} blocks on each server, in turn. The ratio is above 1 where A is faster; it \
             is that of blocks that were measured one right after the other, and its interval holds with \
             {} % confidence (signed-rank, on the logarithms). It says nothing of what another machine, \
             another load or other settings would make of it. What other processes took of the machine is not \
             judged.",
            args.pairs,
            100.0 * CONFIDENCE
        ),
        ["", "A", "B", "times as fast", "interval"],
        measured.iter().map(row).collect(),
    )
}

const TIMES_NOTE: &str = "\
    From the request to the last byte of its answer. On several connections each waits for its \
    turn: those times are as much the number of connections as the server.";

fn times(args: &Args, measured: &[Comparison]) -> Table {
    let mut rows = Vec::new();
    for one in measured {
        for (server, side) in
            [("A", (|pair| &pair.a) as fn(&Pair) -> &Block), ("B", |pair| &pair.b)]
        {
            let times = one.times(side);
            let mut row = vec![format!("{}, {server}", name(args, one))];
            row.push(grouped(times.len() as u64));
            row.extend([0.5, 0.9, 0.99].map(|share| match times.is_empty() {
                true => "-".to_owned(),
                false => time(quantile(&times, share)),
            }));
            rows.push(row);
        }
    }
    Table::new("Times", TIMES_NOTE, ["", "count", "p50", "p90", "p99"], rows)
}

fn summary(args: &Args, measured: &[Comparison]) -> String {
    let table = ratios(args, measured);
    let line = |row: &Vec<String>| {
        format!("{:24} {:>12} {:>12} {:>14}  {}", row[0], row[1], row[2], row[3], row[4])
    };
    std::iter::once(&table.head).chain(&table.rows).map(line).collect::<Vec<_>>().join("\n")
}
