//! The report of `isolate`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::result::IsolateResult;
use super::step::Step;
use crate::experiment::Stream;
use crate::experiment::knee::{KneeFigures, figure, probes};
use crate::machine::Shares;
use crate::report::{Axis, Chart, Figure, RequestFigures, Series, Table, Tone, Unit, words};
use crate::sut::Outcome;
use crate::text::{grouped, percent_or, rate_text, time, time_or_dash};

/// What the JSON report has beside its head.
#[derive(Debug, Serialize)]
pub(crate) struct IsolateJson {
    verify_rate_per_s: f64,
    /// `null` if it was not found.
    capacity_per_s: Option<f64>,
    /// How the capacity was found; `null` if it was given.
    knee: Option<KneeFigures>,
    steps: Vec<StepFigures>,
}

#[derive(Debug, Serialize)]
struct StepFigures {
    login_percent: f64,
    login_rate_per_s: f64,
    login_goodput_per_s: f64,
    lag_p99_us: u64,
    steal: Option<f64>,
    contention: Shares,
    faults: Vec<String>,
    requests: BTreeMap<Stream, RequestFigures>,
}

impl IsolateJson {
    pub(super) fn new(measured: IsolateResult) -> Self {
        let steps = measured.steps.iter().map(StepFigures::of).collect();
        Self {
            verify_rate_per_s: measured.verify_rate,
            capacity_per_s: measured.capacity.as_ref().map(|capacity| capacity.per_s),
            knee: measured.capacity.and_then(|capacity| capacity.found).map(KneeFigures::of),
            steps,
        }
    }
}

impl StepFigures {
    fn of(step: &Step) -> Self {
        let figures = |tally| RequestFigures::of(tally, step.lasted);
        Self {
            login_percent: step.percent,
            login_rate_per_s: step.login_rate,
            login_goodput_per_s: step.login_goodput,
            lag_p99_us: step.lag_p99_us,
            steal: step.steal,
            contention: step.contention,
            faults: step.silent(),
            requests: BTreeMap::from([
                (Stream::Verify, figures(&step.verify)),
                (Stream::Login, figures(&step.login)),
            ]),
        }
    }
}

pub(super) fn question(measured: &IsolateResult) -> String {
    format!(
        "Do {} verifications per second get slower as more people sign in at the same time, up to more than \
         the server can sign in?",
        rate_text(measured.verify_rate)
    )
}

/// The pictures: latency and goodput over utilisation, and how the capacity was found.
pub(super) fn figures(measured: &IsolateResult, within: f64) -> Vec<Figure> {
    let found = measured.capacity.as_ref().and_then(|capacity| capacity.found.as_ref());
    let steps: Vec<&Step> = measured.steps.iter().filter(|step| step.silent().is_empty()).collect();
    [latency(&steps, within), goodput(&steps)].into_iter().chain(found.map(figure)).collect()
}

const LATENCY_READING: &str = "\
    Each dot is a step: to the right, more logins arrive, 100 % being as many as the server can \
    do. The lines are how long verifications took, which arrived at the same rate all the time. \
    Flat lines mean that logins do not hurt them; a line that rises towards 100 % and beyond, \
    that they share something with logins. The red line is as far as p99 may rise.";

fn latency(steps: &[&Step], within: f64) -> Figure {
    let line = |name: &str, tone, share| {
        let at = |step: &&Step| Some((step.percent, step.verify.latency.quantile(share)? as f64));
        Series::new(name, tone, steps.iter().filter_map(at).collect())
    };
    let alone = steps.first().and_then(|step| step.verify.latency.quantile(0.99));
    Figure::new(
        "Latency of verifications by login utilisation",
        LATENCY_READING,
        by_utilisation(
            Axis::new("latency of verifications", Unit::Time),
            vec![
                line("p99.9", Tone::LightBlue, 0.999),
                line("p99", Tone::Blue, 0.99),
                line("p50", Tone::Green, 0.5),
            ],
        )
        .with_bounds(alone.map(|us| us as f64 * within).into_iter().collect()),
    )
}

const GOODPUT_READING: &str = "\
    What arrives is a straight line. What is served should lie on it up to 100 %, and stay level \
    from there on: a line that falls again belongs to a server that works for people who have \
    given up. Refused is what was told to come back later (503 or 429).";

fn goodput(steps: &[&Step]) -> Figure {
    let line = |name: &str, tone, figure: fn(&Step) -> f64| {
        let points = steps.iter().map(|step| (step.percent, figure(step))).collect();
        Series::new(name, tone, points)
    };
    Figure::new(
        "Logins per second by login utilisation",
        GOODPUT_READING,
        by_utilisation(
            Axis::new("logins per second", Unit::Number),
            vec![
                line("arrive", Tone::LightOrange, |step| step.login_rate),
                line("served", Tone::Orange, |step| step.login_goodput),
                line("refused", Tone::Red, |step| {
                    refused(step) / step.lasted.as_secs_f64().max(1e-9)
                }),
            ],
        ),
    )
}

fn by_utilisation(y: Axis, series: Vec<Series>) -> Chart {
    let x = Axis::new("logins that arrive, in percent of the capacity", Unit::Percent);
    Chart::new(x, y, series).with_marks(vec![100.0])
}

fn refused(step: &Step) -> f64 {
    let outcomes = &step.login.outcomes;
    (outcomes.of(Outcome::Overloaded) + outcomes.of(Outcome::Throttled)) as f64
}

pub(super) fn tables(measured: &IsolateResult) -> Vec<Table> {
    let found = measured.capacity.as_ref().and_then(|capacity| capacity.found.as_ref());
    std::iter::once(steps(measured)).chain(found.map(probes)).collect()
}

const STEPS_NOTE: &str = "\
    Latency from the intended start. Served: logins per second while the step was measured. \
    Steal: how much of the time other virtual machines had a core while this one had work for it. \
    A step in which the generator fell behind or steal was too much was taken again, up to four \
    times; one that is still invalid is not in the pictures.";

const STEPS_HEAD: &str = "Logins|arrive/s|served/s|refused|login p99|verify p50|verify p99|\
    verify p99.9|steal|verify failed|lag p99|";

fn steps(measured: &IsolateResult) -> Table {
    let rows = measured.steps.iter().map(row).collect();
    Table::new("Step by step", STEPS_NOTE, STEPS_HEAD.split('|'), rows)
}

fn row(step: &Step) -> Vec<String> {
    let verify = |share| time_or_dash(step.verify.latency.quantile(share));
    vec![
        format!("{}%", step.percent),
        rate_text(step.login_rate),
        rate_text(step.login_goodput),
        grouped(refused(step) as u64),
        time_or_dash(step.login.latency.quantile(0.99)),
        verify(0.5),
        verify(0.99),
        verify(0.999),
        percent_or(step.steal, "-"),
        grouped(step.verify.unserved()),
        time(step.lag_p99_us as f64),
        if step.silent().is_empty() { String::new() } else { "invalid".to_owned() },
    ]
}

/// For standard output.
pub(super) fn summary(measured: &IsolateResult) -> String {
    let capacity = measured.capacity.as_ref().map_or_else(
        || "login capacity unknown".to_owned(),
        |capacity| format!("100% are {} logins/s", rate_text(capacity.per_s)),
    );
    let head =
        ["logins", "arrive/s", "served/s", "refused", "login p99", "p50", "p99", "p99.9", "steal"];
    let line = |cells: &[String]| -> String {
        cells.iter().take(head.len()).map(|cell| format!("{cell:>10}")).collect()
    };
    let mut lines =
        vec![format!("{} verifications/s beside; {capacity}", rate_text(measured.verify_rate))];
    lines.push(line(&words(head)));
    lines.extend(measured.steps.iter().map(|step| line(&row(step))));
    lines.join("\n")
}
