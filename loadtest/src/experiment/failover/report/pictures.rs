//! What happened second by second.

use crate::experiment::failover::args::Args;
use crate::experiment::failover::history::Action;
use crate::experiment::failover::recovery::objectives;
use crate::experiment::failover::run::Measured;
use crate::experiment::failover::streams::STREAMS;
use crate::open::starts;
use crate::report::{Axis, Chart, Figure, Series, Tone, Unit};
use crate::slo::Slo;
use crate::tally::Tally;

/// The tone of each stream.
const TONES: [Tone; STREAMS.len()] = [Tone::Blue, Tone::Orange, Tone::Green, Tone::LightOrange];

/// A line for each stream, of a figure of each second.
fn lines(measured: &Measured, figure: impl Fn(&Tally) -> Option<f64>) -> Vec<Series> {
    let line = |(stream, action): (usize, Action)| {
        let seconds = measured.seconds.iter().enumerate();
        let seconds = seconds.filter(|(_, second)| second[stream].offered > 0);
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

pub(super) fn failed_over_time(measured: &Measured) -> Figure {
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

pub(super) fn latency_over_time(args: &Args, measured: &Measured) -> Figure {
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
