//! The report of `overload`.

use std::time::Duration;

use serde::Serialize;

use super::args::Args;
use super::course::{OverloadFigures, WARM_UP};
use crate::experiment::Stream;
use crate::experiment::knee::{Found, KneeFigures, figure, probes};
use crate::open::{OpenJson, RunResult, over_time, starts, tables as run_tables};
use crate::report::{Axis, Chart, Figure, Series, Table, Tone, Unit};
use crate::slo::{Judged, Slo};
use crate::text::{percent_or, rate_text, seconds_or_not_seen, time, time_or_dash};

/// All that was measured, beside the run.
#[derive(Debug)]
pub(super) struct OverloadResult {
    pub(super) stream: Stream,
    /// Per second.
    pub(super) knee: f64,
    /// How it was found, unless it was given.
    pub(super) found: Option<Found>,
    /// What must hold again.
    pub(super) slos: Vec<Slo>,
    pub(super) figures: OverloadFigures,
}

/// What the JSON report has beside its head.
#[derive(Debug, Serialize)]
pub(crate) struct OverloadJson {
    of: Stream,
    /// `null` if it was not found.
    knee_per_s: Option<f64>,
    /// How the knee was found; `null` if it was given.
    knee: Option<KneeFigures>,
    /// `null` if there was none.
    overload: Option<OverloadFigures>,
    /// The run, as `open` reports it.
    #[serde(flatten)]
    run: Option<OpenJson>,
}

impl OverloadJson {
    pub(super) fn new(
        measured: OverloadResult,
        result: &RunResult,
        objectives: &[Judged],
        planned: Duration,
    ) -> Self {
        Self {
            of: measured.stream,
            knee_per_s: Some(measured.knee),
            knee: measured.found.map(KneeFigures::of),
            overload: Some(measured.figures),
            run: Some(OpenJson::new(result, objectives, planned)),
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
pub(super) fn figures(measured: &OverloadResult, result: &RunResult) -> Vec<Figure> {
    let pictures = [rates(measured, result), latency(measured, result)];
    pictures.into_iter().chain(measured.found.as_ref().map(figure)).collect()
}

const RATES_READING: &str = "\
    Requests per second. The vertical lines are where the overload begins and ends. Served should \
    stay at the knee (the red line) all through the overload, whatever arrives, and what is too \
    much be refused; a server whose line falls works for people who have given up. After the \
    overload, what is served above what arrives is the queue that is worked off.";

fn rates(measured: &OverloadResult, result: &RunResult) -> Figure {
    let stream = measured.stream as usize;
    let line = |name: &str, tone, figure: fn(&crate::open::SecondTally) -> u64| {
        Series::new(name, tone, over_time(result, stream, |second| Some(figure(second) as f64)))
    };
    Figure::new(
        "What arrived, and what became of it",
        RATES_READING,
        Chart::over_time(
            Axis::new("requests per second", Unit::Number),
            vec![
                line("arrive", Tone::LightBlue, |second| second.offered),
                line("served", Tone::Blue, |second| second.outcomes.served()),
                line("not served", Tone::Orange, |second| {
                    second.outcomes.total() - second.outcomes.served()
                }),
            ],
        )
        .with_marks(starts(result).into_iter().skip(1).collect())
        .with_bounds(vec![measured.knee]),
    )
}

const LATENCY_READING: &str = "\
    By the second in which requests were due, from when they should have begun. The red line is \
    the objective. What matters is how far to the right of the second vertical line the upper \
    line comes below it again: until then the server has a queue of the past. Left and right of \
    the overload the lines should be at the same height.";

fn latency(measured: &OverloadResult, result: &RunResult) -> Figure {
    let line = |name: &str, tone, share| {
        let quantile = move |second: &crate::open::SecondTally| {
            second.latency.quantile(share).map(|us| us as f64)
        };
        let points = over_time(result, measured.stream as usize, quantile);
        Series::new(name, tone, points)
    };
    Figure::new(
        "Latency of what was served",
        LATENCY_READING,
        Chart::over_time(
            Axis::new("latency", Unit::Time),
            vec![line("p99", Tone::Blue, 0.99), line("p50", Tone::LightBlue, 0.5)],
        )
        .with_marks(starts(result).into_iter().skip(1).collect())
        .with_bounds(measured.slos.iter().filter_map(Slo::latency_bound).collect()),
    )
}

pub(super) fn tables(measured: &OverloadResult, result: &RunResult) -> Vec<Table> {
    let mut tables = vec![outcome(measured)];
    tables.extend(run_tables(result));
    tables.extend(measured.found.as_ref().map(probes));
    tables
}

fn rows(measured: &OverloadResult) -> Vec<(&'static str, String)> {
    let OverloadFigures {
        goodput_per_s,
        refused,
        others,
        recovery_s,
        p99_before_us,
        p99_after_us,
        ..
    } = measured.figures;
    let percent = |share: f64| format!("{:.1}%", 100.0 * share);
    vec![
        ("the knee", format!("{}/s", rate_text(measured.knee))),
        ("served in the overload", format!("{}/s", rate_text(goodput_per_s))),
        ("told to come back later", percent(refused)),
        ("neither of both", percent(others)),
        ("until the objective held again", seconds_or_not_seen(recovery_s)),
        ("p99 before", time_or_dash(p99_before_us)),
        ("p99 in the end", time_or_dash(p99_after_us)),
    ]
}

fn outcome(measured: &OverloadResult) -> Table {
    let slos: Vec<String> = measured.slos.iter().map(ToString::to_string).collect();
    Table::of_values(
        "The overload in numbers",
        format!(
            "The objective is {}. It holds again from the first of three seconds in a row in which it does.",
            slos.join(" and ")
        ),
        rows(measured),
    )
}

/// For standard output.
pub(super) fn summary(measured: &OverloadResult, result: &RunResult) -> String {
    let rows = rows(measured).into_iter().map(|(name, text)| format!("{name:32} {text:>12}\n"));
    let lag = result.generator.lag_p99_us();
    let after = WARM_UP.as_secs();
    format!(
        "{}generator: lag p99 {}; steal {}; the first {after} s are a warm-up",
        rows.collect::<String>(),
        time(lag as f64),
        percent_or(result.steal, "-")
    )
}
