//! The report of a closed-loop run: a picture, tables and JSON. The same figures have the same
//! names as in the open loop.

use std::collections::BTreeMap;

use serde::Serialize;

use super::args::Args;
use super::share::Split;
use super::summary::{RowFigures, ServiceTimes, Summary};
use super::tally::FailureKind;
use super::verdict::Evidence;
use crate::machine::Shares;
use crate::report::{Axis, Chart, Figure, Findings, Series, ServerInfo, Table, Tone, Unit, words};
use crate::sut::Outcome;
use crate::text::{grouped, time};
use crate::verdict::Ending;

/// In their order; more lines than these tell nobody anything.
const TONES: [Tone; 5] =
    [Tone::Blue, Tone::Orange, Tone::Green, Tone::LightBlue, Tone::LightOrange];

/// The part of the JSON report that is the closed loop's own.
#[derive(Debug, Serialize)]
pub(super) struct GooseJson {
    /// Of the time in which was measured, without the ramp-up.
    seconds: f64,
    requests: BTreeMap<String, Request>,
    /// The reason by the case that could not be tried.
    skipped: BTreeMap<&'static str, String>,
    interrupted: bool,
    contention: Shares,
}

#[derive(Debug, Serialize)]
struct Request {
    method: String,
    /// In Goose's reports.
    name: String,
    count: u64,
    failed: u64,
    /// Requests per second.
    achieved: f64,
    /// Of the whole run, its ramp-up included.
    outcomes: BTreeMap<&'static str, u64>,
    /// Microseconds from sending a request to the answer's headers.
    service_us: ServiceTimes,
}

pub(super) fn findings(
    args: &Args,
    split: &Split,
    server: ServerInfo,
    evidence: &Evidence,
    ending: Ending,
) -> Findings<GooseJson> {
    let summary = &evidence.summary;
    let mut tables = vec![times(summary), outcomes(summary)];
    if !evidence.failures.is_empty() {
        tables.push(failures(&evidence.failures));
    }
    if !evidence.skipped.is_empty() {
        tables.push(skipped(evidence));
    }
    Findings {
        title: format!("Load on {}", server.host),
        question: format!(
            "What does the server do for {} users ({split}), each of whom waits for an answer before the \
             next request, in {}?",
            args.users,
            humantime::format_duration(args.run_time)
        ),
        server,
        figures: times_by_percentile(summary).into_iter().collect(),
        tables,
        summary: summary.to_string(),
        body: body(evidence),
        ending,
        objectives: vec![],
    }
}

fn body(evidence: &Evidence) -> GooseJson {
    let summary = &evidence.summary;
    let skipped = evidence.skipped.iter().map(|(call, why)| (call.key(), why.clone()));
    GooseJson {
        seconds: summary.seconds,
        requests: summary.rows.iter().map(|row| (row.row.key(), request(row, summary))).collect(),
        skipped: skipped.collect(),
        interrupted: evidence.interrupted,
        contention: evidence.contention,
    }
}

fn request(figures: &RowFigures, summary: &Summary) -> Request {
    let outcomes = Outcome::ALL.into_iter().zip(figures.outcomes);
    Request {
        method: figures.method.clone(),
        name: figures.name.clone(),
        count: figures.count,
        failed: figures.failed,
        achieved: summary.rate(figures.count),
        outcomes: outcomes.map(|(outcome, count)| (outcome.key(), count)).collect(),
        service_us: figures.times,
    }
}

const TIMES_BY_PERCENTILE_READING: &str = "\
    How long the quickest 50 %, 90 %, 99 % of the requests took at most: the further to the \
    right, the rarer and slower. Times are from sending a request to the answer's headers. A \
    server that stalls is asked less meanwhile, since its users wait, so the right half is kinder \
    than what people would feel; the open loop tells that.";

/// The busiest requests' times; none of a run without any.
fn times_by_percentile(summary: &Summary) -> Option<Figure> {
    let mut rows: Vec<&RowFigures> = summary.rows.iter().filter(|row| row.count > 0).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    let line =
        |(row, tone): (&&RowFigures, Tone)| Series::new(name(row), tone, row.distribution.clone());
    let lines: Vec<Series> = rows.iter().zip(TONES).map(line).collect();
    if lines.is_empty() {
        return None;
    }
    Some(Figure::new(
        "Times by percentile",
        TIMES_BY_PERCENTILE_READING,
        Chart::new(Axis::new("percentile", Unit::Percentile), Axis::new("time", Unit::Time), lines),
    ))
}

fn name(figures: &RowFigures) -> String {
    format!("{} {}", figures.method, figures.name)
}

const TIMES_HEAD: &str = "Request|count|failed|per second|p50|p90|p95|p99|p99.9|max|mean";

fn times(summary: &Summary) -> Table {
    let row = |figures: &RowFigures| {
        let ServiceTimes { p50, p90, p95, p99, p999, max, mean } = figures.times;
        let mut row = vec![name(figures), grouped(figures.count), grouped(figures.failed)];
        row.push(format!("{:.1}", summary.rate(figures.count)));
        row.extend([p50, p90, p95, p99, p999, max].map(|us| time(us as f64)));
        row.push(time(mean));
        row
    };
    Table::new(
        "Times",
        format!(
            "Over {:.1} s after all users had started. From sending a request to the answer's headers, of \
             failed requests as well.",
            summary.seconds
        ),
        TIMES_HEAD.split('|'),
        summary.rows.iter().map(row).collect(),
    )
}

const OUTCOMES_NOTE: &str = "\
    From the start on, the ramp-up included. Transport: no connection, no whole answer, or none \
    in time.";

fn outcomes(summary: &Summary) -> Table {
    let row = |figures: &RowFigures| {
        let counts = figures.outcomes.into_iter().map(grouped);
        std::iter::once(name(figures)).chain(counts).collect()
    };
    let mut head = words(["Request"]);
    head.extend(Outcome::ALL.map(|outcome| outcome.to_string()));
    Table::new("Outcomes", OUTCOMES_NOTE, head, summary.rows.iter().map(row).collect())
}

fn failures(failures: &[FailureKind]) -> Table {
    let row = |failure: &FailureKind| {
        let FailureKind { row, kind, count, example } = failure;
        vec![row.call.to_string(), kind.clone(), grouped(*count), example.clone()]
    };
    Table::new(
        "Failures",
        "Those of the ramp-up too.",
        ["Request", "what", "how often", "the first one"],
        failures.iter().map(row).collect(),
    )
}

fn skipped(evidence: &Evidence) -> Table {
    let rows = evidence.skipped.iter().map(|(call, why)| vec![call.to_string(), why.clone()]);
    Table::new(
        "Not tried",
        "The verdict says nothing about these.",
        ["Request", "why"],
        rows.collect(),
    )
}
