//! What is shown of isolation.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Measured;
use super::step::Step;
use crate::experiment::Stream;
use crate::experiment::knee::{KneeFigures, figure, probes, rate_text};
use crate::open::{Shares, stolen};
use crate::report::{
    Axis, Chart, Figure, Line, RequestFigures, Table, Tone, Unit, grouped, time, words,
};
use crate::sut::Outcome;

/// What the JSON report has beside its head.
#[derive(Debug, Serialize)]
pub(crate) struct Body {
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

impl Body {
    pub(super) fn new(measured: Measured) -> Self {
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

pub(super) fn question(measured: &Measured) -> String {
    format!(
        "Do {} verifications per second get slower as more people sign in at the same time, up to more than \
         the server can sign in?",
        rate_text(measured.verify_rate)
    )
}

/// The pictures: latency and goodput over utilisation, and how the capacity was found.
pub(super) fn figures(measured: &Measured, within: f64) -> Vec<Figure> {
    let found = measured.capacity.as_ref().and_then(|capacity| capacity.found.as_ref());
    let steps: Vec<&Step> = measured.steps.iter().filter(|step| step.silent().is_empty()).collect();
    [latency(&steps, within), goodput(&steps)].into_iter().chain(found.map(figure)).collect()
}

fn latency(steps: &[&Step], within: f64) -> Figure {
    let line = |name: &str, tone, share| {
        let point =
            |step: &&Step| Some((step.percent, step.verify.latency.quantile(share)? as f64));
        Line { name: name.to_owned(), tone, points: steps.iter().filter_map(point).collect() }
    };
    let alone = steps.first().and_then(|step| step.verify.latency.quantile(0.99));
    Figure {
        title: "Latency of verifications by login utilisation".into(),
        reading: "Each dot is a step: to the right, more logins arrive, 100 % being as many as the server can \
                  do. The lines are how long verifications took, which arrived at the same rate all the \
                  time. Flat lines mean that logins do not hurt them; a line that rises towards 100 % \
                  and beyond, that they share something with logins. The red line is as far as p99 \
                  may rise."
            .into(),
        chart: Chart {
            x: Axis::new("logins that arrive, in percent of the capacity", Unit::Percent),
            y: Axis::new("latency of verifications", Unit::Time),
            lines: vec![
                line("p99.9", Tone::LightBlue, 0.999),
                line("p99", Tone::Blue, 0.99),
                line("p50", Tone::Green, 0.5),
            ],
            marks: vec![100.0],
            bounds: alone.map(|us| us as f64 * within).into_iter().collect(),
        },
    }
}

fn goodput(steps: &[&Step]) -> Figure {
    let line = |name: &str, tone, figure: fn(&Step) -> f64| {
        let points = steps.iter().map(|step| (step.percent, figure(step))).collect();
        Line { name: name.to_owned(), tone, points }
    };
    Figure {
        title: "Logins per second by login utilisation".into(),
        reading: "What arrives is a straight line. What is served should lie on it up to 100 %, and stay level \
                  from there on: a line that falls again belongs to a server that works for people who \
                  have given up. Refused is what was told to come back later (503 or 429)."
            .into(),
        chart: Chart {
            x: Axis::new("logins that arrive, in percent of the capacity", Unit::Percent),
            y: Axis::new("logins per second", Unit::Number),
            lines: vec![
                line("arrive", Tone::LightOrange, |step| step.login_rate),
                line("served", Tone::Orange, |step| step.login_goodput),
                line("refused", Tone::Red, |step| refused(step) / step.lasted.as_secs_f64().max(1e-9)),
            ],
            marks: vec![100.0],
            bounds: vec![],
        },
    }
}

fn refused(step: &Step) -> f64 {
    let outcomes = &step.login.outcomes;
    (outcomes.of(Outcome::Overloaded) + outcomes.of(Outcome::Throttled)) as f64
}

pub(super) fn tables(measured: &Measured) -> Vec<Table> {
    let found = measured.capacity.as_ref().and_then(|capacity| capacity.found.as_ref());
    std::iter::once(steps(measured)).chain(found.map(probes)).collect()
}

fn steps(measured: &Measured) -> Table {
    Table {
        title: "Step by step".into(),
        note: "Latency from the intended start. Served: logins per second while the step was measured. Steal: \
               how much of the time other virtual machines had a core while this one had work for it. A step \
               in which the generator fell behind or steal was too much was taken again, up to four times; one \
               that is still invalid is not in the pictures."
            .into(),
        head: words([
            "Logins", "arrive/s", "served/s", "refused", "login p99", "verify p50", "verify p99",
            "verify p99.9", "steal", "verify failed", "lag p99", "",
        ]),
        rows: measured.steps.iter().map(row).collect(),
    }
}

fn row(step: &Step) -> Vec<String> {
    let us = |us: Option<u64>| us.map_or_else(|| "-".to_owned(), |us| time(us as f64));
    let verify = |share| us(step.verify.latency.quantile(share));
    vec![
        format!("{}%", step.percent),
        rate_text(step.login_rate),
        rate_text(step.login_goodput),
        grouped(refused(step) as u64),
        us(step.login.latency.quantile(0.99)),
        verify(0.5),
        verify(0.99),
        verify(0.999),
        stolen(step.steal),
        grouped(step.verify.unserved()),
        time(step.lag_p99_us as f64),
        if step.silent().is_empty() { String::new() } else { "invalid".to_owned() },
    ]
}

/// For standard output.
pub(super) fn summary(measured: &Measured) -> String {
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
