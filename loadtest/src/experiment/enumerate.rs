//! `enumerate`: does the time of a refused sign-in betray who has an account?

mod args;
mod compare;
mod judge;
mod probe;
mod report;

pub(crate) use args::Args;

use super::{Scene, conduct};
use crate::interrupt::Interrupt;
use crate::report::Findings;
use crate::stats::sorted;
use crate::verdict::Ending;
use compare::Difference;
use probe::Asking;
use report::EnumerateJson;

/// Its name in reports.
const EXPERIMENT: &str = "enumerate";

/// Carries out the command.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    conduct(EXPERIMENT, &args.common, interrupt, |scene| measure(args, scene))
}

fn measure(args: &Args, scene: &mut Scene<'_>) -> anyhow::Result<Findings<EnumerateJson>> {
    let mut asked = Asking::prepare(args, scene)?.ask(args, scene.interrupt)?;
    let interrupted = scene.interrupt.caught();
    for group in &mut asked {
        group.times_us = sorted(std::mem::take(&mut group.times_us));
    }
    let (reference, others) = asked.split_at(1);
    let differences: Vec<Difference> =
        others.iter().map(|other| Difference::between(&reference[0], other, args.seed)).collect();
    let judgment = judge::judge(&asked, &differences, &args.bounds(), interrupted);
    Ok(report::findings(args, scene, &asked, &differences, judgment, interrupted))
}
