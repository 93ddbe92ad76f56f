//! What is shown of an overload.

use std::time::Duration;

use serde::Serialize;

use super::args::Args;
use super::course::{Figures, WARM_UP};
use crate::experiment::Stream;
use crate::experiment::knee::{Found, KneeFigures, figure, probes, rate_text};
use crate::open::{RunResult, over_time, starts, stolen, tables as run_tables};
use crate::report::{Axis, Chart, Figure, Line, OpenBody, Table, Tone, Unit, time, words};
use crate::slo::{Judged, Slo};

/// All that was measured, beside the run.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) stream: Stream,
    /// Per second.
    pub(super) knee: f64,
    /// How it was found, unless it was given.
    pub(super) found: Option<Found>,
    /// What must hold again.
    pub(super) slos: Vec<Slo>,
    pub(super) figures: Figures,
}

/// What the JSON report has beside its head.
#[derive(Debug, Serialize)]
pub(crate) struct Body {
    of: Stream,
    /// `null` if it was not found.
    knee_per_s: Option<f64>,
    /// How the knee was found; `null` if it was given.
    knee: Option<KneeFigures>,
    /// `null` if there was none.
    overload: Option<OverloadFigures>,
    /// The run, as `open` reports it.
    #[serde(flatten)]
    run: Option<OpenBody>,
}

#[derive(Debug, Serialize)]
struct OverloadFigures {
    goodput_per_s: f64,
    refused_share: f64,
    other_share: f64,
    recovery_s: Option<usize>,
    p99_before_us: Option<u64>,
    p99_after_us: Option<u64>,
}

impl Body {
    pub(super) fn new(
        measured: Measured,
        result: &RunResult,
        objectives: &[Judged],
        planned: Duration,
    ) -> Self {
        let figures = measured.figures;
        Self {
            of: measured.stream,
            knee_per_s: Some(measured.knee),
            knee: measured.found.map(KneeFigures::of),
            overload: Some(OverloadFigures {
                goodput_per_s: figures.goodput_per_s,
                refused_share: figures.refused,
                other_share: figures.others,
                recovery_s: figures.recovery_s,
                p99_before_us: figures.p99_before_us,
                p99_after_us: figures.p99_after_us,
            }),
            run: Some(OpenBody::new(result, objectives, planned)),
        }
    }

    /// Of a search after which nothing came.
    pub(super) fn of_a_search(of: Stream, found: Option<Found>) -> Self {
        let knee_per_s = found.as_ref().and_then(|found| found.bounds.holds_per_s);
        Self { of, knee_per_s, knee: found.map(KneeFigures::of), overload: None, run: None }
    }
}

pub(super) fn question(args: &Args, knee: Option<f64>) -> String {
    let knee = knee.map_or_else(String::new, |knee| format!(" ({}/s)", rate_text(knee)));
    format!(
        "What does the server do when {} times as many {} requests arrive as it can serve{knee}, and how \
         long does it take to be as before?",
        args.factor, args.of
    )
}

/// The pictures.
pub(super) fn figures(measured: &Measured, result: &RunResult) -> Vec<Figure> {
    let pictures = [rates(measured, result), latency(measured, result)];
    pictures.into_iter().chain(measured.found.as_ref().map(figure)).collect()
}

fn rates(measured: &Measured, result: &RunResult) -> Figure {
    let stream = measured.stream as usize;
    let line = |name: &str, tone, figure: fn(&crate::open::SecondTally) -> u64| Line {
        name: name.to_owned(),
        tone,
        points: over_time(result, stream, |second| Some(figure(second) as f64)),
    };
    Figure {
        title: "What arrived, and what became of it".into(),
        reading: "Requests per second. The vertical lines are where the overload begins and ends. Served \
                  should stay at the knee (the red line) all through the overload, whatever \
                  arrives, and what is too much be refused; a server whose line falls works for \
                  people who have given up. After the overload, what is served above what arrives is the queue that is \
                  worked off."
            .into(),
        chart: Chart {
            x: Axis::new("seconds since the start", Unit::Number),
            y: Axis::new("requests per second", Unit::Number),
            lines: vec![
                line("arrive", Tone::LightBlue, |second| second.offered),
                line("served", Tone::Blue, |second| second.outcomes.served()),
                line("not served", Tone::Orange, |second| {
                    second.outcomes.total() - second.outcomes.served()
                }),
            ],
            marks: starts(result).into_iter().skip(1).collect(),
            bounds: vec![measured.knee],
        },
    }
}

fn latency(measured: &Measured, result: &RunResult) -> Figure {
    let line = |name: &str, tone, share| {
        let quantile = move |second: &crate::open::SecondTally| {
            second.latency.quantile(share).map(|us| us as f64)
        };
        let points = over_time(result, measured.stream as usize, quantile);
        Line { name: name.to_owned(), tone, points }
    };
    Figure {
        title: "Latency of what was served".into(),
        reading: "By the second in which requests were due, from when they should have begun. The red line is the \
                  objective. What matters is how far to the right of the second vertical line the upper line comes \
                  below it again: until then the server has a queue of the past. Left and right of \
                  the overload the lines should be at the same height."
            .into(),
        chart: Chart {
            x: Axis::new("seconds since the start", Unit::Number),
            y: Axis::new("latency", Unit::Time),
            lines: vec![line("p99", Tone::Blue, 0.99), line("p50", Tone::LightBlue, 0.5)],
            marks: starts(result).into_iter().skip(1).collect(),
            bounds: measured.slos.iter().filter_map(Slo::latency_bound).collect(),
        },
    }
}

pub(super) fn tables(measured: &Measured, result: &RunResult) -> Vec<Table> {
    let mut tables = vec![outcome(measured)];
    tables.extend(run_tables(result));
    tables.extend(measured.found.as_ref().map(probes));
    tables
}

fn rows(measured: &Measured) -> Vec<(&'static str, String)> {
    let Figures { goodput_per_s, refused, others, recovery_s, p99_before_us, p99_after_us, .. } =
        measured.figures;
    let us = |us: Option<u64>| us.map_or_else(|| "-".to_owned(), |us| time(us as f64));
    let percent = |share: f64| format!("{:.1}%", 100.0 * share);
    vec![
        ("the knee", format!("{}/s", rate_text(measured.knee))),
        ("served in the overload", format!("{}/s", rate_text(goodput_per_s))),
        ("told to come back later", percent(refused)),
        ("neither of both", percent(others)),
        (
            "until the objective held again",
            recovery_s.map_or("not seen".to_owned(), |seconds| format!("{seconds} s")),
        ),
        ("p99 before", us(p99_before_us)),
        ("p99 in the end", us(p99_after_us)),
    ]
}

fn outcome(measured: &Measured) -> Table {
    let slos: Vec<String> = measured.slos.iter().map(ToString::to_string).collect();
    Table {
        title: "The overload in numbers".into(),
        note: format!(
            "The objective is {}. It holds again from the first of three seconds in a row in which it does.",
            slos.join(" and ")
        ),
        head: words(["", ""]),
        rows: rows(measured).into_iter().map(|(name, text)| vec![name.to_owned(), text]).collect(),
    }
}

/// For standard output.
pub(super) fn summary(measured: &Measured, result: &RunResult) -> String {
    let rows = rows(measured).into_iter().map(|(name, text)| format!("{name:32} {text:>12}\n"));
    let lag = result.generator.lag.times.quantile(0.99).unwrap_or_default();
    let after = WARM_UP.as_secs();
    format!(
        "{}generator: lag p99 {}; steal {}; the first {after} s are a warm-up",
        rows.collect::<String>(),
        time(lag as f64),
        stolen(result.steal)
    )
}
