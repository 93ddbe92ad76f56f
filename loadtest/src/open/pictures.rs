//! The pictures of an open-loop run.

use super::result::{RunResult, Second, SecondTally};
use crate::histogram::Times;
use crate::machine::Shares;
use crate::report::{Axis, Chart, Figure, Series, Tone, Unit};
use crate::slo::Slo;

/// The tones of a stream's two lines, the main one and the one beside it.
const TONES: [(Tone, Tone); 2] = [(Tone::Blue, Tone::LightBlue), (Tone::Orange, Tone::LightOrange)];

/// All of them.
pub(crate) fn pictures(result: &RunResult, slos: &[Slo]) -> Vec<Figure> {
    let streams = streams(result);
    let mut pictures = vec![
        latency_over_time(result, &streams, slos),
        rates_over_time(result, &streams),
        latency_by_percentile(result, &streams),
        lag_over_time(result),
    ];
    pictures.extend(others_over_time(result));
    pictures.extend(steal_over_time(result));
    pictures
}

/// The streams that had a load, each with its tones.
fn streams(result: &RunResult) -> Vec<(usize, (Tone, Tone))> {
    let used = (0..result.names.len()).filter(|stream| result.total(*stream).offered > 0);
    used.zip(TONES.into_iter().cycle()).collect()
}

const LATENCY_OVER_TIME_READING: &str = "\
    How long requests took that were due in each second, from when they should have begun to the \
    last byte of the answer: half of them took no longer than p50, 99 of 100 no longer than p99. \
    Each step up on the left is ten times as long. Both lines should be flat; a peak that slopes \
    down to the right is a stall, which later requests waited out for less and less of its length.";

fn latency_over_time(
    result: &RunResult,
    streams: &[(usize, (Tone, Tone))],
    slos: &[Slo],
) -> Figure {
    let mut lines = Vec::new();
    for (stream, (tone, beside)) in streams {
        let name = &result.names[*stream];
        let quantile = |share| {
            over_time(result, *stream, move |second| {
                second.latency.quantile(share).map(|us| us as f64)
            })
        };
        lines.push(line(format!("{name} p99"), *tone, quantile(0.99)));
        lines.push(line(format!("{name} p50"), *beside, quantile(0.5)));
    }
    Figure::new(
        "Latency over time",
        LATENCY_OVER_TIME_READING,
        Chart::over_time(Axis::new("latency", Unit::Time), lines)
            .with_marks(starts(result))
            .with_bounds(slos.iter().filter_map(Slo::latency_bound).collect()),
    )
}

const RATES_OVER_TIME_READING: &str = "\
    What was offered follows from the command line alone. What is answered should lie on top of \
    it: a gap that stays means that the server cannot keep up; a dip with a peak after it, that \
    it paused and caught up. The last second is left out unless it is whole.";

fn rates_over_time(result: &RunResult, streams: &[(usize, (Tone, Tone))]) -> Figure {
    let mut lines = Vec::new();
    for (stream, (tone, beside)) in streams {
        let name = &result.names[*stream];
        let offered = over_time(result, *stream, |second| Some(second.offered as f64));
        let served = over_time(result, *stream, |second| Some(second.outcomes.served() as f64));
        lines.push(line(format!("{name} offered"), *beside, offered));
        lines.push(line(format!("{name} answered rightly"), *tone, served));
    }
    let failed = |second: &Second| {
        let failed = |tally: &SecondTally| tally.outcomes.total() - tally.outcomes.served();
        second.tallies.iter().map(failed).sum::<u64>() as f64
    };
    let failed = whole_seconds(result).map(|(at, second)| (at, failed(second))).collect();
    lines.push(line("failed".into(), Tone::Red, failed));
    Figure::new(
        "Requests per second",
        RATES_OVER_TIME_READING,
        Chart::over_time(Axis::new("requests per second", Unit::Number), lines)
            .with_marks(starts(result)),
    )
}

const LATENCY_BY_PERCENTILE_READING: &str = "\
    How long the quickest 50 %, 90 %, 99 % of the requests took at most: the further to the \
    right, the rarer and slower. Latency counts from when a request should have begun, as its \
    sender feels it; service time from when it was really sent, as the server might claim. Where \
    they part, requests had to wait for one another.";

fn latency_by_percentile(result: &RunResult, streams: &[(usize, (Tone, Tone))]) -> Figure {
    let mut lines = Vec::new();
    for (stream, (tone, beside)) in streams {
        let (name, total) = (&result.names[*stream], result.total(*stream));
        lines.push(line(format!("{name} latency"), *tone, distribution(&total.latency)));
        lines.push(line(format!("{name} service time"), *beside, distribution(&total.service)));
    }
    Figure::new(
        "Latency by percentile",
        LATENCY_BY_PERCENTILE_READING,
        Chart::new(Axis::new("percentile", Unit::Percentile), Axis::new("time", Unit::Time), lines),
    )
}

const LAG_OVER_TIME_READING: &str = "\
    How late the generator itself was with a request at worst, in each second. This is part of \
    the latencies above, and not the server's doing: it should stay well below them. A run in \
    which it does not is called invalid.";

fn lag_over_time(result: &RunResult) -> Figure {
    let worst = |second: &Second| second.worst_lag.as_micros() as f64;
    let points = whole_seconds(result).map(|(at, second)| (at, worst(second))).collect();
    Figure::new(
        "The generator's own lag",
        LAG_OVER_TIME_READING,
        Chart::over_time(
            Axis::new("worst lag", Unit::Time),
            vec![line("worst lag".into(), Tone::Green, points)],
        )
        .with_marks(starts(result)),
    )
}

const OTHERS_OVER_TIME_READING: &str = "\
    Which share of the machine's processor time processes took in each second that are neither \
    the generator nor the server, and in which share of the second some task waited for a core, \
    whoever had it. The first should stay near 0: what others take, the server may have to wait \
    for.";

/// `None` if the system does not say.
fn others_over_time(result: &RunResult) -> Option<Figure> {
    result.contention.others?;
    let percent = |share: Option<f64>| Some(100.0 * share?);
    let line = |name: &str, tone, share: fn(&Shares) -> Option<f64>| {
        let at = |(at, second): (f64, &Second)| Some((at, percent(share(&second.contention))?));
        line(name.to_owned(), tone, whole_seconds(result).filter_map(at).collect())
    };
    Some(Figure::new(
        "What others took of the machine",
        OTHERS_OVER_TIME_READING,
        Chart::over_time(
            Axis::new("share", Unit::Percent),
            vec![
                line("taken by others", Tone::Red, |shares| shares.others),
                line("some task waited", Tone::LightBlue, |shares| shares.cpu_pressure),
            ],
        )
        .with_marks(starts(result)),
    ))
}

const STEAL_OVER_TIME_READING: &str = "\
    In which share of each second other virtual machines had a core while this one had work for \
    it; of the core that they had most. Requests wait meanwhile, whatever the server does: from 1 \
    % on it shows in p99. It should be 0; if it is not, the machine is shared, and another day \
    has other latencies.";

/// `None` if the system does not say.
fn steal_over_time(result: &RunResult) -> Option<Figure> {
    result.steal?;
    let steal = |(at, second): (f64, &Second)| Some((at, 100.0 * second.steal?));
    let points = whole_seconds(result).filter_map(steal).collect();
    Some(Figure::new(
        "Steal",
        STEAL_OVER_TIME_READING,
        Chart::over_time(
            Axis::new("steal", Unit::Percent),
            vec![line("steal".into(), Tone::Red, points)],
        )
        .with_marks(starts(result)),
    ))
}

fn line(name: String, tone: Tone, points: Vec<(f64, f64)>) -> Series {
    Series::new(name, tone, points)
}

/// A figure of a stream for each second that has one.
pub(crate) fn over_time(
    result: &RunResult,
    stream: usize,
    figure: impl Fn(&SecondTally) -> Option<f64>,
) -> Vec<(f64, f64)> {
    whole_seconds(result)
        .filter_map(|(at, second)| Some((at, figure(&second.tallies[stream])?)))
        .collect()
}

/// The seconds in which requests were offered from begin to end; the first one if there is no
/// other.
fn whole_seconds(result: &RunResult) -> impl Iterator<Item = (f64, &Second)> {
    let whole = usize::try_from(result.elapsed.as_secs()).unwrap_or(usize::MAX).max(1);
    result.timeline.iter().take(whole).enumerate().map(|(at, second)| (at as f64, second))
}

/// Where each phase but the first begins, in seconds.
pub(crate) fn starts(result: &RunResult) -> Vec<f64> {
    result.phases.iter().skip(1).map(|phase| phase.start.as_secs_f64()).collect()
}

/// Points on the distribution of times, as far as their number bears it.
fn distribution(times: &Times) -> Vec<(f64, f64)> {
    let count = times.count() as f64;
    let finest = (1.0 - 1.0 / count.max(2.0)).min(0.999_99);
    let steps = 60;
    let end = -(1.0 - finest).log10();
    (0..=steps)
        .map(|step| 1.0 - 10f64.powf(-end * f64::from(step) / f64::from(steps)))
        .filter_map(|share| Some((share, times.quantile(share)? as f64)))
        .collect()
}
