//! The command line: one subcommand for each thing to do.

use std::path::Path;

use clap::{Command as Clap, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::report::OutputArgs;
use crate::sut::{BUILT_IN, TargetArgs};
use crate::usage::UsageError;
use crate::{experiment, goose, selftest};

/// Load test of a login server, with a verdict.
///
/// Without a command it runs `open`, whose options it takes: thirty seconds of verifications and
/// logins at a fixed rate.
#[derive(Clone, Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = EXIT_STATUS)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Print the file of a built-in target, to begin one of your own with
    #[arg(long, global = true, value_name = "NAME", value_parser = built_in_target)]
    pub(crate) print_target: Option<&'static str>,

    #[command(flatten)]
    pub(crate) default: experiment::OpenArgs,
}

/// Options that no variable stands for: what they ask for is done once.
const WITHOUT_VARIABLE: [&str; 4] = ["print-target", "record", "prove", "tally"];

impl Cli {
    /// Reads the command line and the environment. Ends the process if they make no sense, or if
    /// help was asked for.
    pub(crate) fn read() -> Self {
        let mut command = with_variables(Self::command());
        let matches = command.get_matches_mut();
        let read = Self::from_arg_matches(&matches);
        read.unwrap_or_else(|error| error.format(&mut command).exit())
    }
}

/// Lets a variable stand for each option: `HALLPASS_LOAD_VERIFY_RATE` for `--verify-rate`.
fn with_variables(command: Clap) -> Clap {
    let command = command.mut_args(|arg| match arg.get_long() {
        Some(long) if arg.get_env().is_none() && !WITHOUT_VARIABLE.contains(&long) => {
            let name = long.replace('-', "_").to_uppercase();
            arg.env(format!("HALLPASS_LOAD_{name}"))
        }
        _ => arg,
    });
    command.mut_subcommands(with_variables)
}

/// What can be done.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Open loop: requests arrive at a given rate, whatever becomes of those before them
    Open(experiment::OpenArgs),
    /// What is the highest rate that the server can keep, of logins and of verifications?
    Knee(experiment::KneeArgs),
    /// Do logins slow verifications down?
    Isolate(experiment::IsolateArgs),
    /// What does the server do at twice its capacity, and how does it recover?
    Overload(experiment::OverloadArgs),
    /// Everybody signs in after an outage: how long until all is as usual?
    Storm(experiment::StormArgs),
    /// Nodes and the primary are killed: how long until all is as usual, was a promise broken?
    Failover(experiment::FailoverArgs),
    /// Closed loop: each of a number of users sends its next request when the last is answered
    Goose(goose::Args),
    /// Does the time of a refused sign-in betray who has an account?
    Enumerate(experiment::EnumerateArgs),
    /// Is the server slower than the baseline, by more than a bound?
    Gate(experiment::GateArgs),
    /// How many times as fast is one server as another?
    Compare(experiment::CompareArgs),
    /// Can the figures be trusted? Runs whose truth is known, beside what is reported of them
    Selftest(selftest::Args),
}

/// Where a command's reports go.
pub(crate) struct Reports<'a> {
    pub(crate) experiment: &'static str,
    pub(crate) output: &'a OutputArgs,
    /// The files that the command reads, or writes beside its reports.
    pub(crate) inputs: Vec<&'a Path>,
}

impl Command {
    /// Refuses several hosts where only one can be tested.
    pub(crate) fn check_hosts(&self) -> Result<(), UsageError> {
        let (name, target) = match self {
            Self::Enumerate(args) => ("enumerate", &args.common.target),
            Self::Goose(args) => ("goose", &args.target),
            Self::Gate(args) => ("gate", &args.target),
            Self::Compare(args) => ("compare", &args.target),
            Self::Open(_)
            | Self::Knee(_)
            | Self::Isolate(_)
            | Self::Overload(_)
            | Self::Storm(_)
            | Self::Failover(_)
            | Self::Selftest(_) => return Ok(()),
        };
        match target.host.len() {
            0 | 1 => Ok(()),
            _ => Err(UsageError(format!("{name} tests one server: give --host once"))),
        }
    }

    /// `None` for a command that writes none.
    pub(crate) fn reports(&self) -> Option<Reports<'_>> {
        Some(match self {
            Self::Open(args) => of("open", &args.common),
            Self::Knee(args) => of("knee", &args.common),
            Self::Isolate(args) => of("isolate", &args.common),
            Self::Overload(args) => of("overload", &args.common),
            Self::Storm(args) => of("storm", &args.common),
            Self::Failover(args) => of("failover", &args.common),
            Self::Enumerate(args) => of("enumerate", &args.common),
            Self::Goose(args) => {
                let file = args.accounts.accounts_file.as_deref();
                Reports::new("goose", &args.output, &args.target, file)
            }
            Self::Gate(args) => {
                let baseline = args.baseline.as_deref()?;
                Reports::new("gate", &args.output, &args.target, Some(baseline))
            }
            Self::Compare(args) => Reports::new("compare", &args.output, &args.target, None),
            Self::Selftest(_) => return None,
        })
    }
}

/// The reports of an experiment.
fn of<'a>(experiment: &'static str, common: &'a experiment::Common) -> Reports<'a> {
    let file = common.accounts.accounts_file.as_deref();
    Reports::new(experiment, &common.output, &common.target, file)
}

impl<'a> Reports<'a> {
    /// `file` is read or written beside what says which server is tested.
    fn new(
        experiment: &'static str,
        output: &'a OutputArgs,
        target: &'a TargetArgs,
        file: Option<&'a Path>,
    ) -> Self {
        let inputs = [Some(Path::new(&target.target)), target.server.as_deref(), file];
        Self { experiment, output, inputs: inputs.into_iter().flatten().collect() }
    }
}

/// The same for every command.
pub(crate) const EXIT_STATUS: &str = "\
exit status:
  0    PASS: requests were made, and all that was asked for holds
  1    FAIL: a request failed, a threshold was missed, nothing was done, or the run was cut short
  2    the command line is wrong, or there is no server binary to start
  3    INVALID: nothing can be said of the server; the line says why, such as a generator that fell
       behind, a machine that was busy with something else, or too few requests
  130  interrupted twice: nothing is reported";

/// The text of the built-in target of this name.
fn built_in_target(name: &str) -> Result<&'static str, String> {
    let found = BUILT_IN.iter().find(|(is, _)| *is == name);
    found.map(|(_, text)| *text).ok_or_else(|| {
        format!("the built-in targets are {}", BUILT_IN.map(|(name, _)| name).join(" and "))
    })
}
