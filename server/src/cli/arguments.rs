//! The command line and the environment together: an empty variable is unset, a bad one is named,
//! and one that nobody reads gets a warning.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, FromArgMatches as _};

use super::Cli;
use super::terminal::printable;
use crate::config::SECRET_VARIABLE;

/// What the names of all variables begin with.
const PREFIX: &str = "HALLPASS_";

/// What other programs of this project read: the tests, the browser suite, the load tester.
const FOREIGN: [&str; 3] = ["HALLPASS_TEST_", "HALLPASS_E2E_", "HALLPASS_LOAD_"];

/// Which flags were not given on the command line, but by their variables.
#[derive(Clone, Debug, Default)]
pub struct Given(Vec<Variable>);

#[derive(Clone, Debug)]
struct Variable {
    /// With its two hyphens.
    flag: String,
    name: String,
}

/// Reads the command line and the environment. Ends the process if they make no sense, or if help
/// was asked for.
pub fn parse() -> (super::Command, Given) {
    let args: Vec<OsString> = env::args_os().collect();
    try_parse(&args).unwrap_or_else(|error| error.exit())
}

fn try_parse(args: &[OsString]) -> Result<(super::Command, Given), Error> {
    let matches = command(args, &[]).try_get_matches_from(args);
    let matches = matches.map_err(|error| naming_the_variable(error, args))?;
    let given = given(&command(args, &[]), &matches);
    Ok((Cli::from_arg_matches(&matches)?.into_command(), Given(given)))
}

/// What clap parses, without the variables that are empty or named in `without`.
fn command(args: &[OsString], without: &[&OsStr]) -> Command {
    let command = reading(Cli::with_variables(), &|name| {
        !without.contains(&name) && env::var_os(name).is_some_and(|value| !value.is_empty())
    });
    // A subcommand reads its own variables; those of the server do not concern it.
    let first = args.get(1).and_then(|arg| arg.to_str());
    let is_subcommand = first.is_some_and(|first| command.find_subcommand(first).is_some());
    if is_subcommand { command.mut_args(|arg| arg.env(None::<&str>)) } else { command }
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

fn given(command: &Command, matches: &ArgMatches) -> Vec<Variable> {
    if let Some((name, matches)) = matches.subcommand() {
        return command.find_subcommand(name).map_or_else(Vec::new, |sub| given(sub, matches));
    }
    let from_variable = |id: &str| {
        matches.try_contains_id(id).is_ok()
            && matches.value_source(id) == Some(ValueSource::EnvVariable)
    };
    let args = command.get_arguments().filter(|arg| from_variable(arg.get_id().as_str()));
    let variable = |arg: &clap::Arg| {
        let (flag, name) = (arg.get_long()?, arg.get_env()?.to_str()?);
        Some(Variable { flag: format!("--{flag}"), name: name.to_owned() })
    };
    args.filter_map(variable).collect()
}

impl Given {
    /// The message with the variable before each flag that was given by one.
    pub fn renamed(&self, message: &str) -> String {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let (mut renamed, mut rest) = (String::new(), message);
        while let Some(start) = rest.find("--") {
            let (before, flag) = rest.split_at(start);
            let (flag, after) = flag.split_at(flag.find(|c| !is_part(c)).unwrap_or(flag.len()));
            let variable = self.0.iter().find(|variable| variable.flag == flag);
            renamed.push_str(before);
            match variable {
                Some(variable) => renamed.push_str(&format!("{} ({flag})", variable.name)),
                None => renamed.push_str(flag),
            }
            rest = after;
        }
        renamed + rest
    }
}

/// Warns of variables that look like settings and are none.
pub fn warn_of_unknown_variables() {
    for warning in unknown(env::vars_os()) {
        tracing::warn!("{warning}");
    }
}

fn unknown(variables: impl Iterator<Item = (OsString, OsString)>) -> BTreeSet<String> {
    let known = known_variables(&Cli::with_variables());
    let names = variables.filter(|(name, value)| !is_of_kubernetes(name, value));
    let names = names.map(|(name, _)| name.to_string_lossy().into_owned());
    let unknown = names.filter(|name| is_unknown(name, &known));
    let warning = |name: String| {
        let likeness = |known: &String| strsim::normalized_damerau_levenshtein(&name, known);
        let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let (name, nearest) = (printable(&name), nearest.map_or("", |nearest| nearest));
        format!("{name} is no setting and has no effect; the nearest name is {nearest}")
    };
    unknown.map(warning).collect()
}

fn is_unknown(name: &str, known: &BTreeSet<String>) -> bool {
    let is_foreign = FOREIGN.iter().any(|foreign| name.starts_with(foreign));
    name.starts_with(PREFIX) && !is_foreign && !known.contains(name)
}

/// Kubernetes tells each container where its services are, also one that is named `hallpass`.
fn is_of_kubernetes(name: &OsStr, value: &OsStr) -> bool {
    let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
    let is_port = name == "HALLPASS_PORT" && value.contains("://");
    is_port || name.starts_with("HALLPASS_SERVICE_") || name.starts_with("HALLPASS_PORT_")
}

/// The variables of a command and all its subcommands.
fn known_variables(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str().map(str::to_owned));
    let subs = command.get_subcommands().flat_map(known_variables);
    own.chain(subs).chain([SECRET_VARIABLE.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(variables: &[(&str, &str)]) -> Given {
        let variable = |(flag, name): &(&str, &str)| Variable {
            flag: (*flag).to_owned(),
            name: (*name).to_owned(),
        };
        Given(variables.iter().map(variable).collect())
    }

    #[test]
    fn a_message_names_what_was_given_by_a_variable_by_the_variable() {
        let given = given(&[("--listen", "HALLPASS_LISTEN"), ("--alg", "HALLPASS_ALG")]);
        for (message, renamed) in [
            ("no flag -- here", "no flag -- here"),
            ("can't use --listen x", "can't use HALLPASS_LISTEN (--listen) x"),
            ("--alg: bad", "HALLPASS_ALG (--alg): bad"),
            ("--algorithm, --data-dir", "--algorithm, --data-dir"),
            ("--metrics-listen", "--metrics-listen"),
            ("", ""),
        ] {
            assert_eq!(given.renamed(message), renamed);
        }
    }

    fn warnings(names: &[&str], value: &str) -> Vec<String> {
        let variables = names.iter().map(|name| (OsString::from(name), OsString::from(value)));
        unknown(variables).into_iter().collect()
    }

    #[test]
    fn a_variable_that_nobody_reads_is_told_with_the_nearest_name() {
        for (name, nearest) in [
            ("HALLPASS_LISTN", "HALLPASS_LISTEN"),
            ("HALLPASS_TRUSTED_PROXIES", "HALLPASS_TRUSTED_PROXY"),
            ("HALLPASS_HS256_SECRTE", "HALLPASS_HS256_SECRET"),
            ("HALLPASS_PUBLIC_URI", "HALLPASS_PUBLIC_URL"),
        ] {
            let warnings = warnings(&[name], "a secret");
            assert_eq!(warnings.len(), 1, "{name}");
            assert!(
                warnings[0].starts_with(name) && warnings[0].ends_with(nearest),
                "{warnings:?}"
            );
        }
    }

    #[test]
    fn settings_and_the_variables_of_others_are_not_told() {
        let known = ["HALLPASS_LISTEN", "HALLPASS_HS256_SECRET", "HALLPASS_HS256_SECRET_FILE"];
        assert!(warnings(&known, "x").is_empty());
        let foreign = ["HALLPASS_TEST_SERVER", "HALLPASS_E2E_URL", "HALLPASS_LOAD_HOST", "PATH"];
        assert!(warnings(&foreign, "x").is_empty());
        let kubernetes = ["HALLPASS_SERVICE_HOST", "HALLPASS_PORT_8080_TCP_ADDR", "HALLPASS_PORT"];
        assert!(warnings(&kubernetes, "tcp://10.0.0.1:8080").is_empty());
        assert_eq!(warnings(&["HALLPASS_PORT"], "8080").len(), 1);
    }
}
