//! `knee`: the highest rate that holds its objectives.

mod args;
mod check;
mod found;
mod judge;
mod probe;
mod report;
mod search;

use std::time::Duration;

pub(crate) use args::{Args, SearchArgs, objectives};
use check::CrossCheck;
pub(crate) use check::lone_login;
pub(crate) use found::Found;
use judge::judge;
pub(crate) use probe::{Probe, Rules};
pub(crate) use report::{KneeFigures, figure, probes};
use report::{KneeJson, figures, question, summary, tables};
#[cfg(test)]
pub(crate) use search::Bounds;
pub(crate) use search::Limit;
use search::{ProbeOutcome, Range, search};

use super::{Scene, Stream, conduct};
use crate::interrupt::Interrupt;
use crate::report::Findings;
use crate::text::rate_text;
use crate::usage::UsageError;
use crate::verdict::Ending;

/// Its name in reports.
const EXPERIMENT: &str = "knee";
/// Where a search for verifications begins, which any server of this century can do.
const VERIFY_START: f64 = 1000.0;
/// The rates that are tried, per second.
const LEAST: f64 = 0.5;
const MOST: f64 = 100_000.0;
/// How often a doubtful rate is tried.
const MOST_TRIES: u32 = 3;

/// Carries out the command.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    let streams = args.of.streams();
    if let Some(other) = args.at_least.iter().find(|least| !streams.contains(&least.stream)) {
        let name = other.stream;
        return Err(UsageError(format!("--at-least {name}: this run seeks no {name} knee")).into());
    }
    conduct(EXPERIMENT, &args.common, interrupt, |scene| measure(args, streams, scene))
}

fn measure(
    args: &Args,
    streams: &[Stream],
    scene: &mut Scene<'_>,
) -> anyhow::Result<Findings<KneeJson>> {
    let mut found = Vec::new();
    let mut check = None;
    for stream in streams {
        let lone = match stream {
            Stream::Login => Some(lone_login(scene, &args.generator)?),
            Stream::Verify => None,
        };
        let rules = args.search.rules(*stream, &args.generator);
        let knee = find(scene, &rules, lone.flatten(), args.search.resolution)?;
        if *stream == Stream::Login {
            check = CrossCheck::of(lone.flatten(), cores(args, scene), knee.bounds.holds_per_s);
        }
        found.push(knee);
    }
    let (ending, objectives) = judge(&found, &args.at_least);
    let server = scene.server();
    Ok(Findings {
        title: format!("Knee of {}", server.host),
        server,
        question: question(&found),
        ending,
        objectives,
        figures: figures(&found),
        tables: tables(&found, check.as_ref()),
        summary: summary(&found, check.as_ref()),
        body: KneeJson::new(found, check),
    })
}

/// Seeks the highest rate of a stream that holds its objectives. `lone` is how long a login takes
/// at an idle server, if that is known: the search begins where one core would be half busy.
pub(crate) fn find(
    scene: &mut Scene<'_>,
    rules: &Rules,
    lone: Option<Duration>,
    resolution: f64,
) -> anyhow::Result<Found> {
    let stream = rules.stream;
    let start = match stream {
        Stream::Verify => VERIFY_START,
        Stream::Login => lone.map_or(4.0, |lone| 0.5 / lone.as_secs_f64()),
    };
    let range = Range { start, least: LEAST, most: MOST, resolution };
    let mut probes = Vec::new();
    let bounds = search(range, |rate| {
        let step = format!("{stream} knee, probe {} at {}/s", probes.len() + 1, rate_text(rate));
        let probe = rules.probe(scene, &step, rate)?;
        if scene.server_exit().is_some() {
            anyhow::bail!("no rate can be found");
        }
        let doubtful = probe.is_doubtful(&probes);
        let outcome = probe.outcome;
        probes.push(probe);
        if !doubtful {
            return Ok(outcome);
        }
        again(scene, rules, rate, &mut probes)
    })?;
    Ok(Found { stream, slos: rules.slos.clone(), bounds, probes })
}

/// Repeats a probe that misses, while the machine is busier or slower than it was beside a probe
/// that held. Returns the last outcome.
fn again(
    scene: &mut Scene<'_>,
    rules: &Rules,
    rate: f64,
    probes: &mut Vec<Probe>,
) -> anyhow::Result<ProbeOutcome> {
    for _ in 1..MOST_TRIES {
        let number = probes.len() + 1;
        let step = format!("{} knee, probe {number} at {}/s, again", rules.stream, rate_text(rate));
        let probe = rules.probe(scene, &step, rate)?;
        let doubtful = probe.is_doubtful(probes);
        probes.push(probe);
        if !doubtful || scene.server_exit().is_some() {
            break;
        }
    }
    Ok(probes.last().map_or(ProbeOutcome::Invalid, |probe| probe.outcome))
}

/// The server's cores, where they are known.
fn cores(args: &Args, scene: &Scene<'_>) -> Option<usize> {
    let here = || std::thread::available_parallelism().ok().map(usize::from);
    args.cores.map(usize::from).or_else(|| here().filter(|_| scene.server().own_server))
}
