//! `open`: one run at the rates of the command line, judged and reported.

use super::args::Args;
use super::console::Console;
use super::judge::{Judgment, judge};
use super::pictures::pictures;
use super::stage::Stage;
use super::tables::{summary, tables};
use super::{Plan, RunResult, run};
use crate::cli::UsageError;
use crate::interrupt::Interrupt;
use crate::report::{
    Head, Machine, OpenBody, Page, RunInfo, command_line, wall_clock, write_json, write_junit,
};
use crate::target::{Host, Spec};
use crate::verdict::{Ending, Verdict};

/// Its name in reports.
const EXPERIMENT: &str = "open";

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
            command_line: command_line(),
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
    let Judgment { ending, slos } = judgment;
    println!("{}", summary(result));
    let mut written = vec![&args.output.html];
    let page = Page {
        title: format!("Load on {}", run.host),
        question: question(args, plan),
        ending,
        objectives: slos,
        figures: pictures(result, &args.slo),
        tables: tables(result),
        run,
    };
    page.write(&args.output.html)?;
    if let Some(file) = &args.output.json {
        let body = OpenBody::new(result, slos, plan.duration());
        write_json(file, &Head::new(EXPERIMENT, ending, run), &body)?;
        written.push(file);
    }
    if let Some(file) = &args.output.junit {
        write_junit(file, EXPERIMENT, ending, slos, result.elapsed)?;
        written.push(file);
    }
    for file in written {
        println!("report: {}", file.display());
    }
    Ok(())
}

/// What the run was to find out.
fn question(args: &Args, plan: &Plan) -> String {
    let (verify, login) = args.rates();
    let streams = [("verifications", verify), ("logins", login)];
    let rates: Vec<String> = streams
        .into_iter()
        .filter(|(_, rates)| !rates.is_zero())
        .map(|(what, rates)| format!("{rates} {what} per second"))
        .collect();
    format!(
        "How long do people wait when {} arrive for {}, whatever becomes of those before them?",
        rates.join(" and "),
        humantime::format_duration(plan.duration())
    )
}
