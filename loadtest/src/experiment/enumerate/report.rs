//! The report: a picture, tables and JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::args::Args;
use super::compare::{CONFIDENCE, Difference};
use super::judge::{ALPHA, EnumerateVerdict, probability, signed_time};
use super::probe::Group;
use crate::experiment::Scene;
use crate::report::{Axis, Chart, Figure, Findings, Series, Table, Tone, Unit};
use crate::stats::{Interval, median, quantile};
use crate::text::{grouped, time};

const QUESTION: &str = "Does the time of a refused sign-in, or what the refusal says, betray whether \
    the name belongs to somebody?";
const TONES: [Tone; 3] = [Tone::Blue, Tone::Orange, Tone::Green];

/// The part of the JSON report that is this experiment's own.
#[derive(Debug, Serialize)]
pub(crate) struct EnumerateJson {
    requests: BTreeMap<&'static str, Refusals>,
    comparisons: Vec<DifferenceFigures>,
    /// The probability of a false alarm in any of the comparisons.
    alpha: f64,
    bound_delta: f64,
    bound_us: f64,
    seed: u64,
    interrupted: bool,
}

#[derive(Debug, Serialize)]
struct Refusals {
    count: usize,
    failed: usize,
    service_us: RefusalTimes,
}

#[derive(Debug, Serialize)]
struct RefusalTimes {
    p50: f64,
    p90: f64,
    p99: f64,
}

#[derive(Debug, Serialize)]
struct DifferenceFigures {
    /// The second is the one that the first is compared with.
    between: [&'static str; 2],
    p_value: f64,
    delta: Interval,
    medians_differ_by_us: Interval,
    same_answer: Option<bool>,
}

pub(super) fn findings(
    args: &Args,
    scene: &Scene<'_>,
    groups: &[Group],
    differences: &[Difference],
    judgment: EnumerateVerdict,
    interrupted: bool,
) -> Findings<EnumerateJson> {
    let server = scene.server();
    Findings {
        title: format!("Who has an account on {}?", server.host),
        question: QUESTION.to_owned(),
        server,
        figures: vec![distributions(groups)],
        tables: vec![compared(differences), times(groups)],
        summary: summary(groups, differences),
        body: body(args, groups, differences, interrupted),
        ending: judgment.ending,
        objectives: judgment.objectives,
    }
}

const DISTRIBUTIONS_READING: &str = "\
    How many percent of the refusals of each kind were there after so many milliseconds. Where \
    the lines lie on top of each other, the time of a refusal says nothing about its reason. A \
    line further to the left is of refusals that come sooner: where that is the unknown user's, \
    whoever sees a quick refusal knows that the name is nobody's. The slowest 1 % is left out.";

fn distributions(groups: &[Group]) -> Figure {
    let line = |(group, tone): (&Group, Tone)| {
        Series::new(group.kind.name(), tone, distribution(&group.times_us))
    };
    Figure::new(
        "How long refusals take",
        DISTRIBUTIONS_READING,
        Chart::new(
            Axis::new("time from request to answer in milliseconds", Unit::Near),
            Axis::new("refusals that took no longer", Unit::Percent),
            groups.iter().zip(TONES).map(line).collect(),
        ),
    )
}

/// The points of a distribution in milliseconds and percent, up to 99 %.
fn distribution(times_us: &[f64]) -> Vec<(f64, f64)> {
    if times_us.is_empty() {
        return vec![];
    }
    let at =
        |percent: u32| (quantile(times_us, f64::from(percent) / 100.0) / 1e3, f64::from(percent));
    (0..=99).map(at).collect()
}

const COMPARED_HEAD: &str = "Refused because|medians apart|interval|delta|interval|guess|p|answer";

fn compared(differences: &[Difference]) -> Table {
    Table::new(
        "Against a wrong password",
        format!(
            "Medians and delta with their {:.0} % intervals (resampled 1000 times). Delta is Cliff's: how \
             much more often this kind takes longer than a wrong password than it takes less, from -1 to \
             1. The guess is how often somebody is right who sees one answer of each and says which is \
             which; a coin is in 50. p is how probable a difference like this is where there is none \
             (Mann and Whitney's rank-sum test, two-sided); it fails below {ALPHA} over all comparisons, \
             if delta and the medians are beyond their bounds as well. What other processes took of the \
             machine is not judged.",
            100.0 * CONFIDENCE
        ),
        COMPARED_HEAD.split('|'),
        differences.iter().map(compared_row).collect(),
    )
}

fn compared_row(difference: &Difference) -> Vec<String> {
    let Difference { kind, p, delta, medians_us, same_text } = difference;
    let guess = |delta: f64| format!("{:.0} of 100", 50.0 * (1.0 + delta.abs()));
    let text = match same_text {
        Some(true) => "the same",
        Some(false) => "different",
        None => "changes by itself",
    };
    vec![
        kind.name().to_owned(),
        signed_time(medians_us.estimate),
        format!("{} to {}", signed_time(medians_us.low), signed_time(medians_us.high)),
        format!("{:+.3}", delta.estimate),
        format!("{:+.3} to {:+.3}", delta.low, delta.high),
        guess(delta.estimate),
        probability(*p),
        text.to_owned(),
    ]
}

const TIMES_NOTE: &str = "From the request to the last byte of its refusal, one request at a time.";

fn times(groups: &[Group]) -> Table {
    let row = |group: &Group| {
        let mut row = vec![group.kind.name().to_owned(), grouped(group.times_us.len() as u64)];
        row.extend([0.1, 0.5, 0.9, 0.99].map(|q| match group.times_us.is_empty() {
            true => "-".to_owned(),
            false => time(quantile(&group.times_us, q)),
        }));
        row
    };
    Table::new(
        "Times",
        TIMES_NOTE,
        ["Refused because", "count", "p10", "p50", "p90", "p99"],
        groups.iter().map(row).collect(),
    )
}

fn summary(groups: &[Group], differences: &[Difference]) -> String {
    let mut text = format!("{:16} {:>7} {:>10} {:>10}", "refused because", "count", "p50", "p90");
    for group in groups {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n{:16} {:>7} {:>10} {:>10}",
            group.kind.name(),
            group.times_us.len(),
            time(median(&group.times_us)),
            time(quantile(&group.times_us, 0.9))
        );
    }
    for Difference { kind, p, delta, medians_us, .. } in differences {
        let _ = write!(
            text,
            "\n{} against wrong password: medians {} apart ({} to {}), delta {:+.3} ({:+.3} to {:+.3}), \
             p = {}",
            kind.name(),
            signed_time(medians_us.estimate),
            signed_time(medians_us.low),
            signed_time(medians_us.high),
            delta.estimate,
            delta.low,
            delta.high,
            probability(*p)
        );
    }
    text
}

fn body(
    args: &Args,
    groups: &[Group],
    differences: &[Difference],
    interrupted: bool,
) -> EnumerateJson {
    let refusals = |group: &Group| {
        let of = |share| quantile(&group.times_us, share);
        let service_us = RefusalTimes { p50: of(0.5), p90: of(0.9), p99: of(0.99) };
        let (count, failed) = (group.times_us.len(), group.failures.len());
        (group.kind.key(), Refusals { count, failed, service_us })
    };
    let comparison = |difference: &Difference| DifferenceFigures {
        between: [difference.kind.key(), groups[0].kind.key()],
        p_value: difference.p,
        delta: difference.delta,
        medians_differ_by_us: difference.medians_us,
        same_answer: difference.same_text,
    };
    let bounds = args.bounds();
    EnumerateJson {
        requests: groups.iter().map(refusals).collect(),
        comparisons: differences.iter().map(comparison).collect(),
        alpha: ALPHA,
        bound_delta: bounds.delta,
        bound_us: bounds.time_us,
        seed: args.seed,
        interrupted,
    }
}
