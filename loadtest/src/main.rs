//! Load test of a login server: closed and open loops, with a verdict.

mod accounts;
mod cli;
mod closed;
mod experiment;
mod goose;
mod histogram;
mod interrupt;
mod machine;
mod open;
mod parse;
mod report;
mod selftest;
mod slo;
mod stats;
mod sut;
mod tally;
mod text;
mod usage;
mod verdict;

use std::process::ExitCode;

use cli::{Cli, Command, Reports};
use interrupt::Interrupt;
use report::unfinished;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use usage::UsageError;
use verdict::Ending;

/// As clap has it for a command line that it refuses.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::read();
    if let Some(text) = cli.print_target {
        print!("{text}");
        return ExitCode::SUCCESS;
    }
    raise_descriptors();
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

/// Takes as many file descriptors as the system gives: each request under way needs one.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum {
        // With those that it has it may do as well; if not, the run says so.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
}

/// Carries out the command. Whatever goes wrong, no report of an earlier run stays in the place of
/// this one's.
fn run(cli: Cli) -> anyhow::Result<Ending> {
    let interrupt = Interrupt::install()?;
    let command = cli.command.unwrap_or(Command::Open(cli.default));
    command.check_hosts()?;
    let Some(Reports { experiment, output, inputs }) = command.reports() else {
        return carry_out(&command, &interrupt);
    };
    // What the user has given is never written over, not even by the report of this mistake.
    output.check_apart(&inputs)?;
    carry_out(&command, &interrupt).inspect_err(|error| {
        unfinished::failed(experiment, output, error);
    })
}

fn carry_out(command: &Command, interrupt: &Interrupt) -> anyhow::Result<Ending> {
    match command {
        Command::Open(args) => experiment::open(args, interrupt),
        Command::Enumerate(args) => experiment::enumerate(args, interrupt),
        Command::Gate(args) => experiment::gate(args, interrupt),
        Command::Compare(args) => experiment::compare(args, interrupt),
        Command::Knee(args) => experiment::knee(args, interrupt),
        Command::Isolate(args) => experiment::isolate(args, interrupt),
        Command::Overload(args) => experiment::overload(args, interrupt),
        Command::Storm(args) => experiment::storm(args, interrupt),
        Command::Failover(args) => experiment::failover(args, interrupt),
        Command::Selftest(args) => selftest::command(args, interrupt),
        Command::Goose(args) => goose::run(args, interrupt),
    }
}
