//! The report of `failover`: what each act did, what was asked and answered, what was broken.

mod json;
mod pictures;
mod tables;

pub(crate) use json::FailoverJson;

use super::act::Act;
use super::args::Args;
use super::checker::Promise;
use super::cluster::Cluster;
use super::history::{Action, Answer, Event};
use super::kinds::kinds;
use super::run::Measured;
use super::streams::STREAMS;
use crate::experiment::Scene;
use crate::experiment::ending::ending;
use crate::open::summary as run_summary;
use crate::report::Findings;
use crate::slo::Judged;
use crate::text::grouped;

/// All that the run has found.
pub(super) fn findings(
    args: &Args,
    cluster: &Cluster,
    scene: &mut Scene<'_>,
    measured: &Measured,
) -> Findings<FailoverJson> {
    let judged = judged(args, measured);
    let mut faults = measured.faults.clone();
    faults.extend(nothing_to_check(&measured.events));
    let broken: Vec<String> = measured.result.interrupted_after().into_iter().collect();
    let server = scene.server();
    Findings {
        title: format!("Fail-over of {}", server.host),
        server,
        question: question(cluster),
        ending: ending(&faults, &broken, &judged),
        figures: vec![
            pictures::failed_over_time(measured),
            pictures::latency_over_time(args, measured),
        ],
        tables: tables::tables(cluster, measured),
        summary: summary(measured),
        body: FailoverJson::new(cluster, measured, &judged),
        objectives: judged,
    }
}

fn question(cluster: &Cluster) -> String {
    let acts: Vec<String> = cluster.acts.iter().map(Act::text).collect();
    let after = match &acts[..] {
        [] => "while nothing is done to the cluster".to_owned(),
        [first, .., last] if acts.len() > 4 => {
            format!("after each of {} acts, from {first} to {last}", acts.len())
        }
        _ => format!("after {}", acts.join(", ")),
    };
    format!(
        "How long until verifications, logins, refreshes and sign-outs are as usual again {after}, and is \
         any promise broken meanwhile?"
    )
}

/// Each act's objectives, and one for each promise.
fn judged(args: &Args, measured: &Measured) -> Vec<Judged> {
    let recoveries =
        kinds(&measured.acts).into_iter().flat_map(|kind| kind.objectives(args.recover_within));
    let promises = Promise::ALL.into_iter().map(|promise| {
        let broken = measured.violations.iter().filter(|it| it.promise == promise).count();
        let events = grouped(measured.events.len() as u64);
        let observed = format!("{broken} in {events} requests");
        Judged::new(promise.text(), "history", Some(observed), broken == 0)
    });
    recoveries.chain(promises).collect()
}

/// Why the history says nothing, if it does not.
fn nothing_to_check(events: &[Event]) -> Vec<String> {
    let done =
        |action: Action| events.iter().any(|it| it.action == action && it.answer == Answer::Done);
    let missing = STREAMS.into_iter().filter(|action| !done(*action));
    missing.map(|action| format!("no {} was acknowledged", action.call())).collect()
}

/// For standard output.
fn summary(measured: &Measured) -> String {
    let row = |cells: Vec<String>| -> String {
        let rest: String = cells.iter().skip(1).map(|cell| format!("{cell:>16}")).collect();
        format!("{:<28}{rest}", cells[0])
    };
    let head = std::iter::once("recovery (failed)".to_owned());
    let head = row(head.chain(STREAMS.map(|action| action.call().to_string())).collect());
    let acts = kinds(&measured.acts).into_iter();
    let acts =
        acts.map(|kind| row(std::iter::once(kind.name.clone()).chain(kind.cells()).collect()));
    let history = format!(
        "history: {} requests, {} broken promises, {} sessions unclear in the end",
        grouped(measured.events.len() as u64),
        measured.violations.len(),
        measured.unclear
    );
    let lines = std::iter::once(run_summary(&measured.result)).chain([head]).chain(acts);
    lines.chain([history]).collect::<Vec<_>>().join("\n")
}
