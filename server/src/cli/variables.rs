//! The environment variables that are settings, and those that only look like it.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};

use clap::Command;

use super::Cli;
use super::terminal::printable;
use crate::config::SECRET_VARIABLE;

/// What the names of all variables begin with.
const PREFIX: &str = "HALLPASS_";

/// What other programs of this project read: the tests, the browser suite, the load tester.
const FOREIGN: [&str; 3] = ["HALLPASS_TEST_", "HALLPASS_E2E_", "HALLPASS_LOAD_"];

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
pub(super) fn known_variables(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str().map(str::to_owned));
    let subs = command.get_subcommands().flat_map(known_variables);
    own.chain(subs).chain([SECRET_VARIABLE.to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
