//! Load test of a login server: closed and open loops, with a verdict.

mod accounts;
mod cli;
mod closed;
mod experiment;
mod goose;
mod histogram;
mod interrupt;
mod open;
mod report;
mod selftest;
mod slo;
mod stats;
mod target;
mod verdict;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command, UsageError};
use interrupt::Interrupt;
use verdict::Ending;

/// As clap has it for a command line that it refuses.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(text) = cli.print_target {
        print!("{text}");
        return ExitCode::SUCCESS;
    }
    match run(cli) {
        Ok(ending) => ending.exit(),
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

fn run(cli: Cli) -> anyhow::Result<Ending> {
    let interrupt = Interrupt::install()?;
    match cli.command.unwrap_or(Command::Open(cli.default)) {
        Command::Open(args) => experiment::open(&args, &interrupt),
        Command::Enumerate(args) => experiment::enumerate(&args, &interrupt),
        Command::Gate(args) => experiment::gate(&args, &interrupt),
        Command::Compare(args) => experiment::compare(&args, &interrupt),
        Command::Knee(args) => experiment::knee(&args, &interrupt),
        Command::Isolate(args) => experiment::isolate(&args, &interrupt),
        Command::Overload(args) => experiment::overload(&args, &interrupt),
        Command::Storm(args) => experiment::storm(&args, &interrupt),
        Command::Selftest(args) => selftest::command(&args, &interrupt),
        Command::Goose(args) => goose::run(&args, &interrupt),
    }
}
