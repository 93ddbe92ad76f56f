//! The command line, the environment and the configuration file together: flags count before
//! variables, and variables before the file. An empty variable is unset, and a bad one is named.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{ArgMatches, Command, FromArgMatches as _};

use super::Cli;
use super::given::Given;
use super::variables::known_variables;
use crate::config::{CONFIG_FLAG, ConfigFile};

/// Reads the command line, the environment and the configuration file. Ends the process if they
/// make no sense, or if help was asked for.
pub fn parse() -> (super::Command, Given) {
    let args: Vec<OsString> = env::args_os().collect();
    try_parse(&args).unwrap_or_else(|error| error.exit())
}

fn try_parse(args: &[OsString]) -> Result<(super::Command, Given), Error> {
    let (matches, file) = matches(args)?;
    let given = Given::of(&command(args, &[]), &matches, file.as_ref());
    Ok((Cli::from_arg_matches(&matches)?.into_command(), given))
}

/// What clap makes of the arguments, and the configuration file that they name.
fn matches(args: &[OsString]) -> Result<(ArgMatches, Option<ConfigFile>), Error> {
    let parse = |file: Option<&ConfigFile>| {
        let command = command(args, &[]);
        let command = file.map_or(command.clone(), |file| file.apply(command));
        let matches = command.try_get_matches_from(args);
        matches.map_err(|error| naming_the_variable(error, args))
    };
    let matches = parse(None)?;
    let Some(path) = matches.get_one::<PathBuf>(CONFIG_FLAG) else { return Ok((matches, None)) };
    let file = ConfigFile::read(path, &Cli::with_variables());
    let file =
        file.map_err(|error| Error::raw(ErrorKind::ValueValidation, format!("{error}\n")))?;
    Ok((parse(Some(&file))?, Some(file)))
}

/// What clap parses, without the variables that are empty or named in `without`.
fn command(args: &[OsString], without: &[&OsStr]) -> Command {
    let command = reading(Cli::with_variables(), &|name| {
        !without.contains(&name) && env::var_os(name).is_some_and(|value| !value.is_empty())
    });
    // A subcommand reads its own variables; those of the server do not concern it.
    let first = args.get(1).and_then(|arg| arg.to_str());
    let is_subcommand = first.is_some_and(|first| command.find_subcommand(first).is_some());
    if !is_subcommand {
        return command;
    }
    command.mut_args(|arg| match arg.get_long() {
        Some(CONFIG_FLAG) => arg,
        _ => arg.env(None::<&str>),
    })
}

/// The command with only those variables that are to be read.
fn reading(command: Command, is_read: &dyn Fn(&OsStr) -> bool) -> Command {
    let command = command.mut_args(|arg| match arg.get_env() {
        // For `--help`, clap shows a variable without a value as one that is unset.
        Some(name) if !is_read(name) && env::var_os(name).is_some() => arg.env(None::<&str>),
        _ => arg,
    });
    command.mut_subcommands(|sub| reading(sub, is_read))
}

/// Says which variable a bad value came from, if it came from one.
fn naming_the_variable(mut error: Error, args: &[OsString]) -> Error {
    for name in known_variables(&Cli::with_variables()) {
        let bad = error.get(ContextKind::InvalidArg).cloned();
        let is_unset = env::var_os(&name).is_none_or(|value| value.is_empty());
        if is_unset || !is_about_a_value(&error) {
            continue;
        }
        // Without the variable that is at fault there is no error, or another one.
        let otherwise = command(args, &[name.as_ref()]).try_get_matches_from(args).err();
        let is_same = |other: &Error| {
            other.kind() == error.kind() && other.get(ContextKind::InvalidArg) == bad.as_ref()
        };
        if otherwise.as_ref().is_some_and(is_same) {
            continue;
        }
        if let Some(ContextValue::String(flag)) = bad {
            let both = format!("{name} ({flag})");
            error.insert(ContextKind::InvalidArg, ContextValue::String(both));
            return error;
        }
        return Cli::with_variables().error(error.kind(), format!("{name} is not UTF-8 text"));
    }
    error
}

fn is_about_a_value(error: &Error) -> bool {
    use ErrorKind::{InvalidUtf8, InvalidValue, NoEquals, ValueValidation};
    matches!(error.kind(), InvalidUtf8 | InvalidValue | NoEquals | ValueValidation)
}
