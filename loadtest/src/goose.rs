//! `goose`: the closed loop, in which each user waits for an answer before the next request.

mod args;
mod attack;
mod exchange;
mod kind;
mod logging;
mod mix;
mod negative;
mod report;
mod scenarios;
mod seating;
mod share;
mod summary;
mod tally;
mod two_step;
mod verdict;
mod world;

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use goose::config::GooseConfiguration;

pub(crate) use args::Args;
use attack::GooseRun;
use kind::ScenarioKind;
use share::Split;
use summary::Summary;
use verdict::Evidence;

use crate::accounts::Provisioner;
use crate::interrupt::Interrupt;
use crate::machine::{Readings, read};
use crate::report::{ReportWriter, ServerInfo, check_writable, unfinished};
use crate::sut::{Clients, Host, Spec, Target, TargetArgs};
use crate::usage::UsageError;
use crate::verdict::{Ending, Verdict};

/// Its name in reports.
const EXPERIMENT: &str = "goose";

/// How long the tokens of a started server live where the negative scenario waits for one to
/// expire. Otherwise the server's default holds.
const SHORT_LIFE: &str = "5s";

/// What is known before anything is started.
struct GoosePlan<'a> {
    args: &'a Args,
    options: GooseConfiguration,
    split: Split,
    spec: Spec,
}

impl<'a> GoosePlan<'a> {
    fn of(args: &'a Args) -> anyhow::Result<Self> {
        let options = attack::goose_options(args)?;
        let spec =
            Spec::find(&args.target.target).map_err(|e| UsageError(format!("--target: {e}")))?;
        let split = Split::of(args.users, &args.scenario).map_err(UsageError)?;
        split.check(&spec, &args.mix).map_err(UsageError)?;
        seating::accounts_needed(args, &split)?;
        Ok(Self { args, options, split, spec })
    }
}

/// Runs the scenarios and judges them.
pub(crate) fn run(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    let plan = GoosePlan::of(args)?;
    let writer = ReportWriter::begin(EXPERIMENT, &args.output)?;
    check_reports(args)?;
    unfinished::begun_by_goose(&args.report);
    logging::keep_goose_quiet(&plan.options);
    let split = plan.split.clone();
    let mut host = Host::find(&with_short_tokens(&args.target, &split), interrupt)?;
    let server =
        ServerInfo { host: host.url().to_string(), own_server: args.target.host.is_empty() };
    let outcome = run_against(&host, plan, interrupt);
    let server_exit = host.exit();
    let outcome = host.explain(outcome).and_then(|evidence| {
        let evidence = Evidence { server_exit, ..evidence };
        let ending = verdict::judge(&evidence);
        writer.publish(report::findings(args, &split, server, &evidence, ending))
    });
    host.end(!outcome.as_ref().is_ok_and(|ending| ending.verdict == Verdict::Pass));
    outcome
}

/// Whether Goose's reports can be written, and don't end below ours.
fn check_reports(args: &Args) -> Result<(), UsageError> {
    if args.report.contains(&args.output.html) {
        let file = args.output.html.display();
        return Err(UsageError(format!("--report and --html both name {file}")));
    }
    args.report.iter().try_for_each(|file| check_writable("--report", file))
}

/// A server that is started to be shown expired tokens makes tokens that expire soon, unless it is
/// told how long they are to live.
fn with_short_tokens(args: &TargetArgs, split: &Split) -> TargetArgs {
    let mut args = args.clone();
    let is_set = args.server_args.iter().any(|arg| arg.starts_with("--access-ttl"));
    if args.host.is_empty() && split.has(ScenarioKind::Negative) && !is_set {
        args.server_args.push(format!("--access-ttl={SHORT_LIFE}"));
    }
    args
}

fn run_against(
    host: &Host,
    plan: GoosePlan<'_>,
    interrupt: &Interrupt,
) -> anyhow::Result<Evidence> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(measure(host, plan, interrupt))
}

async fn measure(
    host: &Host,
    plan: GoosePlan<'_>,
    interrupt: &Interrupt,
) -> anyhow::Result<Evidence> {
    let GoosePlan { args, options, split, spec } = plan;
    let target = Arc::new(Target::new(spec, host.url())?);
    let clients = Clients::new(host.url(), &args.target);
    let provisioner = Provisioner::new(&target, host, &clients, &args.accounts, interrupt)?;
    let world = Arc::new(seating::seat(args, &split, &target, &clients, &provisioner).await?);
    let skipped = world.negative.as_ref().map(|negative| negative.skipped().to_vec());
    let skipped = skipped.unwrap_or_default();
    skipped.iter().for_each(|(call, reason)| eprintln!("skipped: {call}: {reason}"));
    let time = humantime::format_duration(args.run_time);
    eprintln!("running {} users ({split}) for {time}", args.users);
    let with_ramp_up = options.no_reset_metrics;
    let (place, mut readings) = (host.place(), Readings::default());
    let start = Instant::now();
    readings.add(read(&place));
    let GooseRun { metrics, missed_thresholds } =
        attack::attack(options, args, &world, interrupt).await?;
    readings.add(read(&place));
    let contention = readings.shares(start, start.elapsed());
    args.report.iter().for_each(|file| println!("Goose's report: {}", file.display()));
    Ok(Evidence {
        summary: Summary::of(&metrics, &world, with_ramp_up),
        accepted: world.tally.accepted(),
        failures: world.tally.failures(),
        missed_thresholds,
        wanted: world.wanted(&split, &args.mix),
        skipped,
        interrupted: interrupt.caught(),
        contention,
        max_others: args.max_others,
        server_exit: None,
    })
}
