//! Load test of a Hallpass server: logins and token verification under Goose, with a verdict.

mod account;
mod args;
mod attack;
mod client;
mod interrupt;
mod logging;
mod provision;
mod scenarios;
mod server;
mod share;
mod summary;
mod tally;
mod verdict;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;
use goose::config::GooseConfiguration;
use reqwest::Url;

use args::Args;
use attack::{Measured, UsageError};
use client::Target;
use interrupt::Interrupt;
use server::Server;
use share::Split;
use summary::Summary;
use tally::Tally;
use verdict::{Findings, Verdict};

/// As clap has it for a command line that it refuses.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(verdict) => {
            println!("{verdict}");
            if verdict.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) if error.is::<UsageError>() => {
            eprintln!("error: {error}");
            ExitCode::from(USAGE)
        }
        Err(error) => {
            println!("FAIL: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What is known before anything is started.
struct Plan<'a> {
    args: &'a Args,
    options: GooseConfiguration,
    split: Split,
}

fn run(args: &Args) -> anyhow::Result<Verdict> {
    let options = attack::goose_options(args)?;
    let split = Split::of(args.users, &args.scenario).map_err(UsageError)?;
    args.report.iter().try_for_each(check_writable)?;
    let plan = Plan { args, options, split };
    logging::keep_goose_quiet(&plan.options);
    let interrupt = Interrupt::install()?;
    match &args.host {
        Some(host) => run_against(host, plan, &interrupt).map(|findings| Verdict::of(&findings)),
        None => {
            let binary = server::find_binary(args.server.as_deref()).map_err(UsageError)?;
            run_with_server(&binary, plan, &interrupt)
        }
    }
}

fn run_with_server(
    binary: &Path,
    plan: Plan<'_>,
    interrupt: &Interrupt,
) -> anyhow::Result<Verdict> {
    let mut server = Server::start(binary, &plan.args.server_args, interrupt)?;
    eprintln!("started {} on {}", binary.display(), server.url().as_str().trim_end_matches('/'));
    let host = server.url().clone();
    let outcome = run_against(&host, plan, interrupt);
    let exit = server.exited().map(|status| status.to_string());
    let outcome = match (outcome, exit) {
        (Ok(findings), exit) => Ok(Verdict::of(&Findings { server_exit: exit, ..findings })),
        (Err(error), Some(exit)) => Err(error.context(format!("the server ended ({exit})"))),
        (Err(error), None) => Err(error),
    };
    if !outcome.as_ref().is_ok_and(Verdict::passed)
        && let Some(log) = server.stop_and_keep_log()
    {
        eprintln!("the server's log: {}", log.display());
    }
    outcome
}

fn run_against(host: &Url, plan: Plan<'_>, interrupt: &Interrupt) -> anyhow::Result<Findings> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(measure(host, plan, interrupt))
}

async fn measure(host: &Url, plan: Plan<'_>, interrupt: &Interrupt) -> anyhow::Result<Findings> {
    let Plan { args, options, split } = plan;
    let target = Target::new(host.clone(), args);
    let accounts = provision::provision(&target, split, args.provision_timeout, interrupt).await?;
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
