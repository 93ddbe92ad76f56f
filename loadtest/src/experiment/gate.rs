//! `gate`: did a figure get worse than the baseline's, by more than a bound?

mod args;
mod baseline;
mod decide;
mod json;
mod prove;
mod record;
mod report;
mod session;

use std::path::Path;

pub(crate) use args::Args;

use super::duel::Contestant;
use crate::interrupt::Interrupt;
use crate::report::ReportWriter;
use crate::usage::UsageError;
use crate::verdict::Ending;
use baseline::Baseline;
use decide::decide;
use session::{ACCOUNTS, measure};

/// Its name in reports.
const EXPERIMENT: &str = "gate";

/// Carries out the command.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    match (&args.baseline, &args.record, args.prove) {
        (Some(file), _, _) => compare(args, file, interrupt),
        (None, Some(file), _) => record::record(args, file, interrupt),
        (None, None, count) => prove::prove(args, count.unwrap_or(1), interrupt),
    }
}

fn compare(args: &Args, file: &Path, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    let usage = |error: anyhow::Error| UsageError(format!("--baseline: {error:#}"));
    let baseline = Baseline::read(file).map_err(usage)?;
    let target = baseline.target(file, &args.target).map_err(usage)?;
    let writer = ReportWriter::begin(EXPERIMENT, &args.output)?;
    let contestant = |target| Contestant { target, accounts: ACCOUNTS, delay: None };
    let (a, b) = (contestant(target), contestant(args.target.clone()));
    let mut compared = Vec::new();
    for subject in &args.of {
        let measured = measure(*subject, &a, &b, args.rounds, interrupt, true)?;
        let decision = decide(&measured.medians(), args.rule());
        compared.push((measured, decision));
        if interrupt.caught() {
            break;
        }
    }
    writer.publish(report::findings(args, &baseline, &compared))
}
