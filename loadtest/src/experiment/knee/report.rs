//! The report of `knee`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::check::CrossCheck;
use super::found::Found;
use super::probe::Probe;
use super::search::{Bounds, ProbeOutcome};
use crate::experiment::Stream;
use crate::machine::Shares;
use crate::report::{Axis, Chart, Figure, RequestFigures, Series, Table, Tone, Unit};
use crate::slo::{Judged, Slo};
use crate::text::{UNKNOWN, percent_or, rate_text, time, time_or_dash};

/// What the JSON report has beside its head.
#[derive(Debug, Serialize)]
pub(crate) struct KneeJson {
    knees: BTreeMap<Stream, KneeFigures>,
    /// `null` if the cores are not known.
    cross_check: Option<CrossCheck>,
}

#[derive(Debug, Serialize)]
pub(crate) struct KneeFigures {
    #[serde(flatten)]
    bounds: Bounds,
    slos: Vec<String>,
    probes: Vec<ProbeFigures>,
}

#[derive(Debug, Serialize)]
struct ProbeFigures {
    rate_per_s: f64,
    /// `holds`, `misses`, `invalid` or `interrupted`.
    says: &'static str,
    kept_up: f64,
    lag_p99_us: u64,
    steal: Option<f64>,
    contention: Shares,
    speed: Option<f64>,
    faults: Vec<String>,
    slos: Vec<Judged>,
    figures: RequestFigures,
}

impl KneeJson {
    pub(super) fn new(found: Vec<Found>, cross_check: Option<CrossCheck>) -> Self {
        let knees = found.into_iter().map(|knee| (knee.stream, KneeFigures::of(knee))).collect();
        Self { knees, cross_check }
    }
}

impl KneeFigures {
    pub(crate) fn of(found: Found) -> Self {
        Self {
            bounds: found.bounds,
            slos: found.slos.iter().map(ToString::to_string).collect(),
            probes: found.probes.into_iter().map(ProbeFigures::of).collect(),
        }
    }
}

impl ProbeFigures {
    fn of(probe: Probe) -> Self {
        Self {
            rate_per_s: probe.rate,
            says: match probe.outcome {
                ProbeOutcome::Holds => "holds",
                ProbeOutcome::Misses => "misses",
                ProbeOutcome::Invalid => "invalid",
                ProbeOutcome::Interrupted => "interrupted",
            },
            kept_up: probe.kept_up,
            lag_p99_us: probe.lag_p99_us,
            steal: probe.steal,
            contention: probe.contention,
            speed: probe.speed,
            figures: RequestFigures::of(&probe.tally, probe.lasted),
            faults: probe.faults,
            slos: probe.judged,
        }
    }
}

pub(super) fn question(found: &[Found]) -> String {
    let streams: Vec<&str> = found.iter().map(|knee| many(knee.stream)).collect();
    format!(
        "How many {} per second can arrive before the server no longer does what is asked of it?",
        streams.join(", and how many ")
    )
}

fn many(stream: Stream) -> &'static str {
    match stream {
        Stream::Login => "logins",
        Stream::Verify => "verifications",
    }
}

/// A picture for each knee.
pub(super) fn figures(found: &[Found]) -> Vec<Figure> {
    found.iter().map(figure).collect()
}

const FIGURE_READING: &str = "\
    Each dot is a probe: to the right, more requests per second arrived; further up, they took \
    longer, ten times as long at each labelled power. As long as the server keeps up, the lines \
    are nearly flat; where they turn up is the knee. The vertical line is the highest rate that \
    held, the red one the objective. Beyond the knee, the height depends on how long a probe \
    lasts, and on when the server begins to refuse.";

pub(crate) fn figure(knee: &Found) -> Figure {
    let at = |quantile: f64| -> Vec<(f64, f64)> {
        let point =
            |probe: &&Probe| Some((probe.rate, probe.tally.latency.quantile(quantile)? as f64));
        knee.valid().iter().filter_map(point).collect()
    };
    let (tone, beside) = match knee.stream {
        Stream::Verify => (Tone::Blue, Tone::LightBlue),
        Stream::Login => (Tone::Orange, Tone::LightOrange),
    };
    Figure::new(
        format!("Latency of {} by their rate", many(knee.stream)),
        FIGURE_READING,
        Chart::new(
            Axis::new("requests per second that arrive", Unit::Number),
            Axis::new("latency", Unit::Time),
            vec![Series::new("p99", tone, at(0.99)), Series::new("p50", beside, at(0.5))],
        )
        .with_marks(knee.bounds.holds_per_s.into_iter().collect())
        .with_bounds(knee.slos.iter().filter_map(Slo::latency_bound).collect()),
    )
}

/// The probes of each knee, and the check.
pub(super) fn tables(found: &[Found], check: Option<&CrossCheck>) -> Vec<Table> {
    found.iter().map(probes).chain(check.map(cross_check)).collect()
}

const PROBES_NOTE: &str = "\
    In the order in which they were made. Kept up: what was served while the probe was measured, \
    of what arrived meanwhile. Failed: not answered as it should be. Lag: the generator's own. \
    Steal: how much of the time other virtual machines had a core while this one had work for it. \
    Others: the share of the machine that processes other than generator and server took.";

pub(crate) fn probes(knee: &Found) -> Table {
    Table::new(
        format!("Probes for the knee of {}", many(knee.stream)),
        PROBES_NOTE,
        ["", "rate/s", "kept up", "p50", "p99", "failed", "lag p99", "steal", "others", "result"],
        knee.probes.iter().enumerate().map(probe_row).collect(),
    )
}

fn probe_row((number, probe): (usize, &Probe)) -> Vec<String> {
    let us = |share| time_or_dash(probe.tally.latency.quantile(share));
    let offered = probe.tally.offered;
    let failed = 100.0 * probe.tally.unserved() as f64 / offered.max(1) as f64;
    vec![
        (number + 1).to_string(),
        rate_text(probe.rate),
        format!("{:.1}%", 100.0 * probe.kept_up),
        us(0.5),
        us(0.99),
        format!("{failed:.1}%"),
        time(probe.lag_p99_us as f64),
        percent_or(probe.steal, "-"),
        percent_or(probe.contention.others, UNKNOWN),
        probe.verdict(),
    ]
}

fn cross_check(check: &CrossCheck) -> Table {
    let rows = [
        ("a lone login, in the median", time(check.lone_login_us as f64)),
        ("cores of the server", check.cores.to_string()),
        ("cores / that time", format!("{}/s", rate_text(check.cores_over_time_per_s))),
        ("login knee", format!("{}/s", rate_text(check.knee_per_s))),
        ("ratio", format!("{:.2}", check.ratio)),
    ];
    Table::of_values("Cross-check: cores by the time of a login", check.explained(), rows)
}

/// For standard output.
pub(super) fn summary(found: &[Found], check: Option<&CrossCheck>) -> String {
    let mut lines: Vec<String> = found
        .iter()
        .map(|knee| {
            let slos: Vec<String> = knee.slos.iter().map(ToString::to_string).collect();
            format!("{}  ({}; {} probes)", knee.in_one_line(), slos.join(", "), knee.probes.len())
        })
        .collect();
    lines.extend(check.map(|check| {
        format!(
            "cross-check: {} cores / {} for a lone login = {}/s; the knee is {:.2} of that",
            check.cores,
            time(check.lone_login_us as f64),
            rate_text(check.cores_over_time_per_s),
            check.ratio
        )
    }));
    lines.join("\n")
}
