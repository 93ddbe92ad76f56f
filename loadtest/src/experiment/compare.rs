//! `compare`: the same load on two servers in turn, and how many times as fast the one is.

mod args;
mod json;
mod measure;
mod report;

pub(crate) use args::Args;

use super::duel::{Contestant, Side};
use crate::interrupt::Interrupt;
use crate::report::ReportWriter;
use crate::sut::TargetArgs;
use crate::verdict::{Ending, Verdict};

/// Its name in reports.
const EXPERIMENT: &str = "compare";

/// Carries out the command.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    let writer = ReportWriter::begin(EXPERIMENT, &args.output)?;
    let mut sides = both(args, interrupt)?;
    let measured = measure::measure(args, &mut sides, interrupt);
    let findings = report::findings(args, &mut sides, &measured, interrupt.caught());
    let failed = findings.ending.verdict != Verdict::Pass;
    sides.into_iter().for_each(|side| side.end(failed));
    writer.publish(findings)
}

/// Finds or starts both servers.
fn both(args: &Args, interrupt: &Interrupt) -> anyhow::Result<[Side; 2]> {
    let accounts = args.connections.get().max(args.accounts);
    let contestant = |target| Contestant { target, accounts, delay: None };
    let other = TargetArgs {
        host: vec![args.to.url.clone()],
        target: args.to.target.clone(),
        server: None,
        server_args: vec![],
        ..args.target.clone()
    };
    let a = Side::set(&contestant(args.target.clone()), interrupt)?;
    match Side::set(&contestant(other), interrupt) {
        Ok(b) => Ok([a, b]),
        Err(error) => {
            a.end(true);
            Err(error.context("the server of --to"))
        }
    }
}
