//! `overload`: more than the server can do, and how it comes back.

mod args;
mod course;
mod report;

pub(crate) use args::Args;
use course::{OverloadFigures, OverloadGoals, phases};
use report::{OverloadJson, OverloadResult, question, summary, tables};

use super::ending::ending;
use super::knee::{self, Found};
use super::streams::works;
use super::{Scene, Stream, conduct};
use crate::interrupt::Interrupt;
use crate::machine::speed;
use crate::open::{RunResult, faults};
use crate::report::Findings;
use crate::slo::Judged;
use crate::verdict::{Ending, Verdict};

/// Its name in reports.
const EXPERIMENT: &str = "overload";

/// How often it is done where the machine was not the same in the search and in the overload.
const MOST_TRIES: u32 = 2;

/// Carries out the command.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    conduct(EXPERIMENT, &args.common, interrupt, |scene| measure(args, scene))
}

/// Seeks the knee and exceeds it. Both are done once more if the run is invalid: the machine may
/// have been busier or slower in the overload than in the search.
fn measure(args: &Args, scene: &mut Scene<'_>) -> anyhow::Result<Findings<OverloadJson>> {
    let mut tries = 1;
    loop {
        let found = attempt(args, scene)?;
        let is_over = scene.interrupt.caught() || scene.server_exit().is_some();
        if found.ending.verdict != Verdict::Invalid || is_over || tries == MOST_TRIES {
            return Ok(found);
        }
        eprintln!("once more, from the search on: {}", found.ending.reason);
        tries += 1;
    }
}

fn attempt(args: &Args, scene: &mut Scene<'_>) -> anyhow::Result<Findings<OverloadJson>> {
    let found = match args.knee {
        Some(_) => None,
        None => Some(find(args, scene)?),
    };
    let known = args.knee.or(found.as_ref().and_then(|found| found.bounds.holds_per_s));
    match known.filter(|_| !scene.interrupt.caught()) {
        Some(knee) => exceed(args, scene, knee, found),
        None => Ok(without_a_knee(args, scene, found)),
    }
}

/// Exceeds the knee, and judges what became of the server.
fn exceed(
    args: &Args,
    scene: &mut Scene<'_>,
    knee: f64,
    found: Option<Found>,
) -> anyhow::Result<Findings<OverloadJson>> {
    let rules = args.search.rules(args.of, &args.generator);
    let plan = rules.generator.plan(phases(args, knee), scene.target.timeout);
    let step = format!("{} at {}x the knee, and back", args.of, args.factor);
    let result = scene.run(&step, &plan, &works(&scene.stage))?;
    let (stream, slos) = (args.of, rules.slos);
    let figures = OverloadFigures::of(args, &slos, &result);
    let measured = OverloadResult { stream, knee, found, slos, figures };
    let objectives = measured.figures.objectives(&OverloadGoals::of(args, knee)?);
    let exit = scene.server_exit().map(|exit| format!("the server ended during the run ({exit})"));
    let broken: Vec<String> = exit.into_iter().chain(result.interrupted_after()).collect();
    let faults = faults_of(&measured, &result, &objectives);
    let server = scene.server();
    Ok(Findings {
        title: format!("Overload of {}", server.host),
        server,
        question: question(args, Some(knee)),
        ending: ending(&faults, &broken, &objectives),
        figures: report::figures(&measured, &result),
        tables: tables(&measured, &result),
        summary: summary(&measured, &result),
        body: OverloadJson::new(measured, &result, &objectives, plan.duration()),
        objectives,
    })
}

/// Why the run says nothing. A missed objective is no fault of the server's if the machine has
/// become slower since the search.
fn faults_of(measured: &OverloadResult, result: &RunResult, objectives: &[Judged]) -> Vec<String> {
    let mut faults = faults(result);
    if objectives.iter().any(|objective| !objective.held) {
        let was = measured.found.as_ref().and_then(Found::speed);
        faults.extend(speed::slower(result.speed, was).map(|share| {
            let percent = 100.0 * share;
            format!("the machine was {percent:.0}% slower than when the knee was sought")
        }));
    }
    faults
}

fn find(args: &Args, scene: &mut Scene<'_>) -> anyhow::Result<Found> {
    let lone = match args.of {
        Stream::Login => knee::lone_login(scene, &args.generator)?,
        Stream::Verify => None,
    };
    let rules = args.search.rules(args.of, &args.generator);
    knee::find(scene, &rules, lone, args.search.resolution)
}

/// The end of a search that leaves nothing to go on with.
fn without_a_knee(args: &Args, scene: &Scene<'_>, found: Option<Found>) -> Findings<OverloadJson> {
    let (verdict, reason) = if scene.interrupt.caught() {
        (Verdict::Fail, "interrupted before the overload".to_owned())
    } else {
        let search = found.as_ref().map(Found::in_one_line).unwrap_or_default();
        (Verdict::Invalid, format!("there is no knee to exceed ({search}); give --knee"))
    };
    let server = scene.server();
    Findings {
        title: format!("Overload of {}", server.host),
        server,
        question: question(args, None),
        ending: Ending { verdict, reason },
        objectives: vec![],
        figures: found.iter().map(knee::figure).collect(),
        tables: found.iter().map(knee::probes).collect(),
        summary: found.as_ref().map(Found::in_one_line).unwrap_or_default(),
        body: OverloadJson::of_a_search(args.of, found),
    }
}
