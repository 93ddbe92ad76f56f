//! `goose`: the closed loop, in which each user waits for an answer before the next request.

mod args;
mod attack;
mod logging;
mod scenarios;
pub(crate) mod share;
mod summary;
mod tally;
mod verdict;

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use goose::config::GooseConfiguration;
use reqwest::Url;

pub(crate) use args::Args;
use attack::Measured;
use share::Split;
use summary::Summary;
use tally::Tally;
use verdict::Findings;

use crate::accounts::provision;
use crate::cli::UsageError;
use crate::interrupt::Interrupt;
use crate::target::{Host, Target};
use crate::verdict::{Ending, Verdict};

/// What is known before anything is started.
struct Plan<'a> {
    args: &'a Args,
    options: GooseConfiguration,
    split: Split,
}

/// Runs the scenarios and judges them.
///
/// # Errors
///
/// The command line is wrong ([`UsageError`]), or nothing could be measured.
pub(crate) fn run(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    let options = attack::goose_options(args)?;
    let split = Split::of(args.users, &args.scenario).map_err(UsageError)?;
    args.report.iter().try_for_each(check_writable)?;
    logging::keep_goose_quiet(&options);
    let mut host = Host::find(&args.target, interrupt)?;
    let outcome = run_against(host.url(), Plan { args, options, split }, interrupt);
    let server_exit = host.exit();
    let outcome =
        host.explain(outcome).map(|findings| verdict::judge(&Findings { server_exit, ..findings }));
    host.end(!outcome.as_ref().is_ok_and(|ending| ending.verdict == Verdict::Pass));
    outcome
}

fn run_against(host: &Url, plan: Plan<'_>, interrupt: &Interrupt) -> anyhow::Result<Findings> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(measure(host, plan, interrupt))
}

async fn measure(host: &Url, plan: Plan<'_>, interrupt: &Interrupt) -> anyhow::Result<Findings> {
    let Plan { args, options, split } = plan;
    let target = Target::new(host.clone(), &args.target);
    let accounts = provision(&target, split, args.target.provision_timeout, interrupt).await?;
    eprintln!(
        "running {} users ({split}) for {}",
        args.users,
        humantime::format_duration(args.run_time)
    );
    let tally = Arc::new(Tally::default());
    let with_ramp_up = options.no_reset_metrics;
    let measured = attack::attack(options, args, &target, accounts, &tally, interrupt).await?;
    let Measured { metrics, missed_thresholds } = measured;
    let summary = Summary::of(&metrics, with_ramp_up);
    println!("{summary}");
    for file in &args.report {
        println!("report: {}", file.display());
    }
    let expected = [(split.login, scenarios::LOGIN), (split.verify, scenarios::VERIFY)];
    Ok(Findings {
        summary,
        failures: tally.failures(),
        missed_thresholds,
        expected: expected.iter().filter(|(n, _)| *n > 0).map(|(_, name)| *name).collect(),
        interrupted: interrupt.caught(),
        server_exit: None,
    })
}

/// Whether a report can be written, asked before the run and not after it. An older report stays.
fn check_writable(file: &PathBuf) -> Result<(), UsageError> {
    let existed = file.exists();
    let opened = OpenOptions::new().create(true).append(true).open(file);
    opened.map_err(|error| {
        UsageError(format!("--report: cannot write {}: {error}", file.display()))
    })?;
    if !existed {
        // What matters is that it could be made; Goose makes it again.
        let _ = std::fs::remove_file(file);
    }
    Ok(())
}
