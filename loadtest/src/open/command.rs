//! `open`: one run at the rates of the command line, judged and reported.

use super::args::Args;
use super::console::Console;
use super::judge::{Judgment, judge};
use super::stage::Stage;
use super::{Plan, RunResult, run};
use crate::cli::UsageError;
use crate::interrupt::Interrupt;
use crate::report::{Head, Machine, OpenBody, RunInfo, wall_clock, write_json};
use crate::target::{Host, Spec};
use crate::verdict::{Ending, Verdict};

/// Carries out the command.
///
/// # Errors
///
/// The command line is wrong ([`UsageError`]), or nothing could be measured.
pub(crate) fn command(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    let plan = args.plan().map_err(UsageError)?;
    let spec = Spec::find(&args.target.target).map_err(|e| UsageError(format!("--target: {e}")))?;
    let machine = Machine::this();
    args.output.check()?;
    let mut host = Host::find(&args.target, interrupt)?;
    let started_at = wall_clock();
    let outcome = measure(args, spec, &plan, &host, interrupt);
    let server_exit = host.exit();
    let ending = host.explain(outcome).and_then(|result| {
        let judgment = judge(&result, &args.slo, server_exit.as_deref());
        let run = RunInfo {
            command_line: std::env::args().collect(),
            version: env!("CARGO_PKG_VERSION"),
            host: host.url().to_string(),
            own_server: args.target.host.is_none(),
            started_at,
            ended_at: wall_clock(),
            machine,
        };
        report(args, &plan, &result, &judgment, &run)?;
        Ok(judgment.ending)
    });
    host.end(!ending.as_ref().is_ok_and(|ending| ending.verdict == Verdict::Pass));
    ending
}

fn measure(
    args: &Args,
    spec: Spec,
    plan: &Plan,
    host: &Host,
    interrupt: &Interrupt,
) -> anyhow::Result<RunResult> {
    let stage = Stage::set(host, spec, &args.target, &args.accounts, interrupt)?;
    let works = [stage.verify(), stage.sign_in()];
    let mut console = Console::new(plan.duration());
    run(plan, &works, &stage.connector, interrupt, &mut console)
}

fn report(
    args: &Args,
    plan: &Plan,
    result: &RunResult,
    judgment: &Judgment,
    run: &RunInfo,
) -> anyhow::Result<()> {
    if let Some(file) = &args.output.json {
        let head = Head::new("open", &judgment.ending, run);
        write_json(file, &head, &OpenBody::new(result, &judgment.slos, plan.duration()))?;
    }
    Ok(())
}
