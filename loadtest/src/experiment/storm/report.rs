//! The report of `storm`: the variants side by side.

use serde::Serialize;

use super::args::Args;
use super::run::{STORM, Storm};
use super::variant::VariantResult;
use crate::experiment::Stream;
use crate::open::{Second, requests};
use crate::report::{Axis, Chart, Figure, Requests, Series, Table, Tone, Unit, words};
use crate::slo::Slo;
use crate::text::{grouped, seconds_or_not_seen, time, time_or_dash};

/// What the JSON report has beside its head.
#[derive(Debug, Serialize)]
pub(crate) struct StormJson {
    users: u32,
    jitter_s: f64,
    attempts: u32,
    backoff_s: f64,
    verify_rate_per_s: f64,
    login_rate_per_s: f64,
    variants: Vec<VariantFigures>,
}

#[derive(Debug, Serialize)]
struct VariantFigures {
    #[serde(flatten)]
    outcome: VariantResult,
    amplification: f64,
    goodput_per_s: f64,
    /// `null` if there was no outage.
    down_s: Option<f64>,
    faults: Vec<String>,
    interrupted: bool,
    attempts_by_second: Vec<u64>,
    /// Of the whole run, the outage too.
    requests: Requests,
}

impl StormJson {
    pub(super) fn new(args: &Args, storms: &[Storm]) -> Self {
        Self {
            users: args.users,
            jitter_s: args.jitter.as_secs_f64(),
            attempts: args.attempts,
            backoff_s: args.backoff.as_secs_f64(),
            verify_rate_per_s: args.verify_rate,
            login_rate_per_s: args.login_rate,
            variants: storms.iter().map(VariantFigures::of).collect(),
        }
    }
}

impl VariantFigures {
    fn of(storm: &Storm) -> Self {
        Self {
            outcome: storm.outcome.clone(),
            amplification: storm.outcome.amplification(),
            goodput_per_s: storm.outcome.goodput_per_s(),
            down_s: storm.down.map(|down| down.as_secs_f64()),
            faults: storm.faults.clone(),
            interrupted: storm.result.interrupted,
            attempts_by_second: storm.attempts_by_second.clone(),
            requests: requests(&storm.result),
        }
    }
}

pub(super) fn question(args: &Args) -> String {
    format!(
        "{} users sign in at once when the server is back: how long until everything is as usual, and \
         what do jitter and retries change about that?",
        grouped(u64::from(args.users))
    )
}

pub(super) fn figures(storms: &[Storm], slos: &[Slo]) -> Vec<Figure> {
    vec![served(storms), attempts(storms), latency(storms, slos)]
}

/// A line for each variant.
fn lines(storms: &[Storm], points: impl Fn(&Storm) -> Vec<(f64, f64)>) -> Vec<Series> {
    let tones = [Tone::Blue, Tone::LightBlue, Tone::Orange, Tone::LightOrange].into_iter().cycle();
    let line = |(storm, tone): (&Storm, Tone)| {
        Series::new(storm.outcome.variant.to_string(), tone, points(storm))
    };
    storms.iter().zip(tones).map(line).collect()
}

/// A figure of each whole second, from a little before the outage's end on.
fn by_second(storm: &Storm, figure: impl Fn(&Second) -> Option<f64>) -> Vec<(f64, f64)> {
    let whole = usize::try_from(storm.result.elapsed.as_secs()).unwrap_or(usize::MAX);
    let seconds = storm.result.timeline.iter().take(whole).enumerate();
    let since = storm.since.as_secs_f64();
    seconds
        .filter_map(|(at, second)| Some((at as f64 - since, figure(second)?)))
        .filter(|(at, _)| *at >= 0.0)
        .collect()
}

const SERVED_READING: &str = "\
    From the moment the server is back. A good server goes to the height of its capacity at once \
    and stays there until all are in; the area below the line up to there is the number of users \
    that got in. A line that ends early belongs to a variant in which the others were turned away \
    for good.";

fn served(storms: &[Storm]) -> Figure {
    let logins = |second: &Second| {
        let served = |stream: usize| second.tallies[stream].outcomes.served() as f64;
        Some(served(STORM) + served(Stream::Login as usize))
    };
    Figure::new(
        "Logins served per second",
        SERVED_READING,
        Chart::new(
            Axis::new("seconds since the outage", Unit::Number),
            Axis::new("logins per second", Unit::Number),
            lines(storms, |storm| by_second(storm, logins)),
        ),
    )
}

const ATTEMPTS_READING: &str = "\
    How often the users knocked. Without jitter all come in the first second, and with retry \
    those who were refused together come back together: later peaks are waves of that kind, which \
    jitter flattens.";

fn attempts(storms: &[Storm]) -> Figure {
    let points = |storm: &Storm| {
        let seconds = storm.attempts_by_second.iter().enumerate();
        seconds.map(|(second, count)| (second as f64, *count as f64)).collect()
    };
    Figure::new(
        "Attempts per second of those who came after the outage",
        ATTEMPTS_READING,
        Chart::new(
            Axis::new("seconds since the outage", Unit::Number),
            Axis::new("attempts per second", Unit::Number),
            lines(storms, points),
        ),
    )
}

const LATENCY_READING: &str = "\
    The p99 of the few logins that arrive all the time and have nothing to do with the storm, by \
    the second in which they were due. Where the line has come below the red one and stays there, \
    everything is as usual again. Seconds in which all of them were refused have no dot.";

fn latency(storms: &[Storm], slos: &[Slo]) -> Figure {
    let p99 = |second: &Second| {
        second.tallies[Stream::Login as usize].latency.quantile(0.99).map(|us| us as f64)
    };
    Figure::new(
        "Latency of the usual logins",
        LATENCY_READING,
        Chart::new(
            Axis::new("seconds since the outage", Unit::Number),
            Axis::new("latency", Unit::Time),
            lines(storms, |storm| by_second(storm, p99)),
        )
        .with_bounds(slos.iter().filter_map(Slo::latency_bound).collect()),
    )
}

const HEAD: [&str; 9] = [
    "Variant",
    "signed in",
    "of",
    "attempts/user",
    "until usual",
    "last one",
    "goodput/s",
    "wait p50",
    "wait p99",
];

pub(super) fn tables(storms: &[Storm], slos: &[Slo]) -> Vec<Table> {
    let slos: Vec<String> = slos.iter().map(ToString::to_string).collect();
    let outage = outage(storms);
    let side_by_side = Table::new(
        "Side by side",
        format!(
            "Attempts per user are the retry amplification. As usual is when {} hold for the usual logins \
             for three seconds in a row. Goodput: users signed in per second until the last one was. Wait: of \
             those that were signed in, from their first attempt on. {outage}",
            slos.join(" and ")
        ),
        HEAD,
        storms.iter().map(row).collect(),
    );
    vec![side_by_side, beside(storms)]
}

/// For how long the server was down.
fn outage(storms: &[Storm]) -> String {
    let downs: Vec<String> = storms
        .iter()
        .filter_map(|storm| Some(format!("{:.1} s", storm.down?.as_secs_f64())))
        .collect();
    match downs.is_empty() {
        true => {
            "There was no outage: the server is not one that was started for the run.".to_owned()
        }
        false => format!("The server was down for {}.", downs.join(", ")),
    }
}

fn row(storm: &Storm) -> Vec<String> {
    let outcome = &storm.outcome;
    vec![
        outcome.variant.to_string(),
        grouped(outcome.served),
        grouped(outcome.users),
        format!("{:.2}", outcome.amplification()),
        seconds_or_not_seen(outcome.recovery_s),
        outcome.last_served_s.map_or("-".to_owned(), |seconds| format!("{seconds:.1} s")),
        format!("{:.1}", outcome.goodput_per_s()),
        time_or_dash(outcome.wait_p50_us),
        time_or_dash(outcome.wait_p99_us),
    ]
}

const BESIDE_NOTE: &str = "\
    After the outage: the usual logins and verifications that were not served, and how long \
    the others took. Lag is the generator's own.";

const BESIDE_HEAD: &str =
    "Variant|logins not served|of|login p99|verifications not served|of|verify p99|lag p99";

/// What happened to the others after the outage.
fn beside(storms: &[Storm]) -> Table {
    Table::new(
        "What the others noticed",
        BESIDE_NOTE,
        BESIDE_HEAD.split('|'),
        storms.iter().map(beside_row).collect(),
    )
}

fn beside_row(storm: &Storm) -> Vec<String> {
    let mut row = vec![storm.outcome.variant.to_string()];
    for stream in [Stream::Login, Stream::Verify] {
        let phase = storm.result.phases.last();
        let tally = phase.map(|phase| phase.tallies[stream as usize].clone()).unwrap_or_default();
        let p99 = tally.latency.quantile(0.99);
        row.push(grouped(tally.unserved()));
        row.push(grouped(tally.offered));
        row.push(time_or_dash(p99));
    }
    row.push(time(storm.result.generator.lag_p99_us() as f64));
    row
}

/// For standard output.
pub(super) fn summary(storms: &[Storm]) -> String {
    let line =
        |cells: &[String]| -> String { cells.iter().map(|cell| format!("{cell:>15}")).collect() };
    let lines = std::iter::once(line(&words(HEAD))).chain(storms.iter().map(|s| line(&row(s))));
    lines.collect::<Vec<_>>().join("\n")
}
