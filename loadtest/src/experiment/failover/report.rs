//! The report of `failover`: what each act did, what was asked and answered, what was broken.

use std::collections::BTreeMap;

use serde::Serialize;

use super::args::Args;
use super::checker::{Promise, Violation};
use super::cluster::Cluster;
use super::history::{Action, Answer, Event};
use super::recovery::{ActResult, objectives};
use super::run::Measured;
use super::streams::STREAMS;
use crate::experiment::Scene;
use crate::experiment::ending::ending;
use crate::open::{OpenJson, starts, summary as run_summary, tables as run_tables};
use crate::report::{Axis, Chart, Figure, Findings, Series, Table, Tone, Unit};
use crate::slo::{Judged, Slo};
use crate::tally::Tally;
use crate::text::{grouped, seconds_or_not_seen};

/// More broken promises than this are only counted.
const SHOWN: usize = 50;
/// The tone of each stream.
const TONES: [Tone; STREAMS.len()] = [Tone::Blue, Tone::Orange, Tone::Green, Tone::LightOrange];

/// What the JSON report has beside its head.
#[derive(Debug, Serialize)]
pub(crate) struct FailoverJson {
    nodes: Vec<String>,
    acts: Vec<ActJson>,
    history: HistoryJson,
    #[serde(flatten)]
    run: OpenJson,
}

#[derive(Debug, Serialize)]
struct ActJson {
    act: String,
    at_s: usize,
    until_s: usize,
    /// By request.
    recovery_s: BTreeMap<&'static str, Option<usize>>,
    failed: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize)]
struct HistoryJson {
    events: usize,
    /// By action and answer.
    answers: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
    unclear_sessions: u64,
    violation_count: usize,
    violations: Vec<Violation>,
}

/// All that the run has found.
pub(super) fn findings(
    args: &Args,
    cluster: &Cluster,
    scene: &mut Scene<'_>,
    measured: Measured,
) -> Findings<FailoverJson> {
    let judged = judged(args, &measured);
    let mut faults = measured.faults.clone();
    faults.extend(nothing_to_check(&measured.events));
    let broken: Vec<String> = measured.result.interrupted_after().into_iter().collect();
    let server = scene.server();
    Findings {
        title: format!("Fail-over of {}", server.host),
        server,
        question: question(cluster),
        ending: ending(&faults, &broken, &judged),
        figures: vec![failed_over_time(&measured), latency_over_time(args, &measured)],
        tables: tables(cluster, &measured),
        summary: summary(&measured),
        body: FailoverJson::new(cluster, &measured, &judged),
        objectives: judged,
    }
}

fn question(cluster: &Cluster) -> String {
    let acts: Vec<String> = cluster.acts.iter().map(super::act::Act::text).collect();
    let after = match acts.is_empty() {
        true => "while nothing is done to the cluster".to_owned(),
        false => format!("after {}", acts.join(", ")),
    };
    format!(
        "How long until verifications, logins, refreshes and sign-outs are as usual again {after}, and is \
         any promise broken meanwhile?"
    )
}

/// Each act's objectives, and one for each promise.
fn judged(args: &Args, measured: &Measured) -> Vec<Judged> {
    let acts = measured.acts.iter().flat_map(|act| act.objectives(args.recover_within));
    let promises = Promise::ALL.into_iter().map(|promise| {
        let broken = measured.violations.iter().filter(|it| it.promise == promise).count();
        let events = grouped(measured.events.len() as u64);
        let observed = format!("{broken} in {events} requests");
        Judged::new(promise.text(), "history", Some(observed), broken == 0)
    });
    acts.chain(promises).collect()
}

/// Why the history says nothing, if it does not.
fn nothing_to_check(events: &[Event]) -> Vec<String> {
    let done =
        |action: Action| events.iter().any(|it| it.action == action && it.answer == Answer::Done);
    let missing = STREAMS.into_iter().filter(|action| !done(*action));
    missing.map(|action| format!("no {} was acknowledged", action.call())).collect()
}

impl FailoverJson {
    fn new(cluster: &Cluster, measured: &Measured, judged: &[Judged]) -> Self {
        let of_streams = |values: [u64; STREAMS.len()]| {
            STREAMS.map(|action| action.call().key()).into_iter().zip(values).collect()
        };
        let act = |act: &ActResult| ActJson {
            act: act.act.clone(),
            at_s: act.at_s,
            until_s: act.until_s,
            recovery_s: STREAMS
                .into_iter()
                .map(|action| action.call().key())
                .zip(act.recovery_s)
                .collect(),
            failed: of_streams(act.failed),
        };
        Self {
            nodes: cluster.nodes.iter().map(ToString::to_string).collect(),
            acts: measured.acts.iter().map(act).collect(),
            history: HistoryJson {
                events: measured.events.len(),
                answers: counts(&measured.events),
                unclear_sessions: measured.unclear,
                violation_count: measured.violations.len(),
                violations: measured.violations.iter().take(SHOWN).copied().collect(),
            },
            run: OpenJson::new(&measured.result, judged, measured.planned),
        }
    }
}

/// How many requests had which answer.
fn counts(events: &[Event]) -> BTreeMap<&'static str, BTreeMap<&'static str, usize>> {
    let mut counts: BTreeMap<_, BTreeMap<_, usize>> = BTreeMap::new();
    for event in events {
        let answers = counts.entry(event.action.call().key()).or_default();
        *answers.entry(event.answer.key()).or_default() += 1;
    }
    counts
}

/// A line for each stream, of a figure of each second.
fn lines(measured: &Measured, figure: impl Fn(&Tally) -> Option<f64>) -> Vec<Series> {
    let line = |(stream, action): (usize, Action)| {
        let seconds = measured.seconds.iter().enumerate();
        let points = seconds.filter_map(|(at, second)| Some((at as f64, figure(&second[stream])?)));
        Series::new(action.call().to_string(), TONES[stream], points.collect())
    };
    STREAMS.into_iter().enumerate().map(line).collect()
}

const FAILED_READING: &str = "\
    How many of the requests that were due in each second were not answered rightly, however long \
    they waited. The vertical lines are the end of the warm-up and the acts. After an act, each \
    line should be back at 0 soon, and the one of verifications should not leave it when the \
    primary is killed.";

fn failed_over_time(measured: &Measured) -> Figure {
    let failed = |tally: &Tally| Some(tally.unserved() as f64);
    Figure::new(
        "Requests that failed, per second",
        FAILED_READING,
        Chart::over_time(Axis::new("requests", Unit::Number), lines(measured, failed))
            .with_marks(starts(&measured.result)),
    )
}

const LATENCY_READING: &str = "\
    The p99 of the requests that were due in each second and were answered rightly. Sign-outs \
    that follow the loss of a node wait until that node can't trust its memory any more: the line \
    jumps to the length of a lease and slopes down from there.";

fn latency_over_time(args: &Args, measured: &Measured) -> Figure {
    let p99 = |tally: &Tally| tally.latency.quantile(0.99).map(|us| us as f64);
    let slos = STREAMS.into_iter().flat_map(|action| objectives(&args.slo, action));
    let mut bounds: Vec<f64> = slos.filter_map(|slo: Slo| slo.latency_bound()).collect();
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    Figure::new(
        "Latency over time",
        LATENCY_READING,
        Chart::over_time(Axis::new("latency", Unit::Time), lines(measured, p99))
            .with_marks(starts(&measured.result))
            .with_bounds(bounds),
    )
}

fn tables(cluster: &Cluster, measured: &Measured) -> Vec<Table> {
    let mut tables = vec![recovery(measured), history(measured)];
    if !measured.violations.is_empty() {
        tables.push(violations(cluster, measured));
    }
    tables.extend(run_tables(&measured.result));
    tables
}

const RECOVERY_NOTE: &str = "\
    How many seconds after each act the objectives held for good, until the next act. In brackets: \
    the requests that were due meanwhile and were not answered rightly.";

fn recovery(measured: &Measured) -> Table {
    let head = std::iter::once("Act".to_owned());
    let head = head.chain(STREAMS.map(|action| action.call().to_string()));
    Table::new("Recovery", RECOVERY_NOTE, head, measured.acts.iter().map(recovery_row).collect())
}

fn recovery_row(act: &ActResult) -> Vec<String> {
    let name = format!("{} at {} s", act.act, act.at_s);
    let cell = |(seconds, failed): (Option<usize>, u64)| {
        format!("{} ({})", seconds_or_not_seen(seconds), grouped(failed))
    };
    std::iter::once(name).chain(act.recovery_s.into_iter().zip(act.failed).map(cell)).collect()
}

const HISTORY_NOTE: &str = "\
    All requests of the run, with those to every node after each sign-out and in the end. Refused: \
    the service said that the token is no good. Unknown: no answer, or one that leaves open whether \
    it was done.";

fn history(measured: &Measured) -> Table {
    let counts = counts(&measured.events);
    let count = |action: &str, answer: Answer| {
        let of_action = counts.get(action);
        grouped(of_action.and_then(|it| it.get(answer.key())).map_or(0, |count| *count as u64))
    };
    let row = |action: Action| {
        let key = action.call().key();
        std::iter::once(action.call().to_string())
            .chain(Answer::ALL.map(|answer| count(key, answer)))
            .collect()
    };
    let head = ["Request", "done", "refused", "unknown"];
    Table::new("History", HISTORY_NOTE, head, STREAMS.map(row).to_vec())
}

const VIOLATIONS_NOTE: &str = "\
    Times are in seconds since the set-up. After: the earlier request that should have prevented \
    this answer.";

fn violations(cluster: &Cluster, measured: &Measured) -> Table {
    let places: Vec<String> =
        cluster.hosts.iter().chain(&cluster.nodes).map(ToString::to_string).collect();
    let place = |event: &Event| places.get(event.node).cloned().unwrap_or_default();
    let told = |event: &Event| {
        let (begin, end) = (event.begin.as_secs_f64(), event.end.as_secs_f64());
        format!("{} at {}, {begin:.4} to {end:.4}", event.action.call(), place(event))
    };
    let row = |it: &Violation| {
        let session = it.event.session.to_string();
        let after = it.after.as_ref().map_or_else(|| "-".to_owned(), told);
        vec![it.promise.text().to_owned(), session, told(&it.event), after]
    };
    let head = ["Broken promise", "session", "request", "after"];
    let rows = measured.violations.iter().take(SHOWN).map(row).collect();
    Table::new("Broken promises", VIOLATIONS_NOTE, head, rows)
}

/// For standard output.
fn summary(measured: &Measured) -> String {
    let row = |cells: Vec<String>| -> String {
        let rest: String = cells.iter().skip(1).map(|cell| format!("{cell:>16}")).collect();
        format!("{:<28}{rest}", cells[0])
    };
    let head = std::iter::once("recovery (failed)".to_owned());
    let head = row(head.chain(STREAMS.map(|action| action.call().to_string())).collect());
    let acts = measured.acts.iter().map(|act| row(recovery_row(act)));
    let history = format!(
        "history: {} requests, {} broken promises, {} sessions unclear in the end",
        grouped(measured.events.len() as u64),
        measured.violations.len(),
        measured.unclear
    );
    let lines = std::iter::once(run_summary(&measured.result)).chain([head]).chain(acts);
    lines.chain([history]).collect::<Vec<_>>().join("\n")
}
