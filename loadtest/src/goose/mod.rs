//! `goose`: the closed loop, in which each user waits for an answer before the next request.

mod args;
mod attack;
mod exchange;
mod json;
mod logging;
mod negative;
mod scenarios;
mod seating;
mod share;
mod summary;
mod tally;
mod verdict;
mod world;

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use goose::config::GooseConfiguration;

pub(crate) use args::Args;
use attack::Measured;
use share::{Kind, Split};
use summary::Summary;
use verdict::Findings;

use crate::accounts::Provisioner;
use crate::cli::UsageError;
use crate::interrupt::Interrupt;
use crate::target::{Clients, Host, Spec, Target, TargetArgs};
use crate::verdict::{Ending, Verdict};

/// How long the tokens of a server of the run's own live where the negative scenario has to wait for
/// one to expire; without it, the server's default.
const SHORT_LIFE: &str = "5s";

/// What is known before anything is started.
struct Plan<'a> {
    args: &'a Args,
    options: GooseConfiguration,
    split: Split,
    spec: Spec,
}

/// Runs the scenarios and judges them.
///
/// # Errors
///
/// The command line is wrong ([`UsageError`]), or nothing could be measured.
pub(crate) fn run(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    let options = attack::goose_options(args)?;
    let spec = Spec::find(&args.target.target).map_err(|e| UsageError(format!("--target: {e}")))?;
    let split = Split::of(args.users, &args.scenario).map_err(UsageError)?;
    split.check(&spec, &args.mix).map_err(UsageError)?;
    seating::accounts_needed(args, &split)?;
    args.report.iter().chain(&args.json).try_for_each(check_writable)?;
    logging::keep_goose_quiet(&options);
    let mut host = Host::find(&with_short_tokens(&args.target, &split), interrupt)?;
    let outcome = run_against(&host, Plan { args, options, split, spec }, interrupt);
    let server_exit = host.exit();
    let outcome = host.explain(outcome).and_then(|findings| {
        let findings = Findings { server_exit, ..findings };
        let ending = verdict::judge(&findings);
        match &args.json {
            Some(file) => json::write(file, &findings, &ending).map(|()| ending),
            None => Ok(ending),
        }
    });
    host.end(!outcome.as_ref().is_ok_and(|ending| ending.verdict == Verdict::Pass));
    outcome
}

/// A server that is started to be shown expired tokens makes tokens that expire soon, unless it is told
/// how long they are to live.
fn with_short_tokens(args: &TargetArgs, split: &Split) -> TargetArgs {
    let mut args = args.clone();
    let told = std::env::var_os("HALLPASS_ACCESS_TTL").is_some_and(|ttl| ttl != OsString::new())
        || args.server_args.iter().any(|arg| arg.starts_with("--access-ttl"));
    if args.host.is_none() && split.has(Kind::Negative) && !told {
        args.server_args.push(format!("--access-ttl={SHORT_LIFE}"));
    }
    args
}

fn run_against(host: &Host, plan: Plan<'_>, interrupt: &Interrupt) -> anyhow::Result<Findings> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(measure(host, plan, interrupt))
}

async fn measure(host: &Host, plan: Plan<'_>, interrupt: &Interrupt) -> anyhow::Result<Findings> {
    let Plan { args, options, split, spec } = plan;
    let target = Arc::new(Target::new(spec, host.url())?);
    let clients = Clients::new(host.url(), &args.target);
    let provisioner = Provisioner::new(&target, host, &clients, &args.accounts, interrupt)?;
    let world = Arc::new(seating::seat(args, &split, &target, &clients, &provisioner).await?);
    let skipped = world.negative.as_ref().map(|negative| negative.skipped().to_vec());
    for (call, reason) in skipped.iter().flatten() {
        eprintln!("skipped: {call}: {reason}");
    }
    eprintln!(
        "running {} users ({split}) for {}",
        args.users,
        humantime::format_duration(args.run_time)
    );
    let with_ramp_up = options.no_reset_metrics;
    let measured = attack::attack(options, args, &world, interrupt).await?;
    let Measured { metrics, missed_thresholds } = measured;
    let summary = Summary::of(&metrics, &world, with_ramp_up);
    println!("{summary}");
    for file in args.report.iter().chain(&args.json) {
        println!("report: {}", file.display());
    }
    Ok(Findings {
        summary,
        accepted: world.tally.accepted(),
        failures: world.tally.failures(),
        missed_thresholds,
        wanted: world.wanted(&split, &args.mix),
        skipped: skipped.unwrap_or_default(),
        interrupted: interrupt.caught(),
        server_exit: None,
    })
}

/// Whether a report can be written, asked before the run and not after it. An older report stays.
fn check_writable(file: &PathBuf) -> Result<(), UsageError> {
    let existed = file.exists();
    let opened = OpenOptions::new().create(true).append(true).open(file);
    opened.map_err(|error| UsageError(format!("cannot write {}: {error}", file.display())))?;
    if !existed {
        // What matters is that it could be made; Goose makes it again.
        let _ = std::fs::remove_file(file);
    }
    Ok(())
}
