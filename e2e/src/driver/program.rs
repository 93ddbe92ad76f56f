//! The drivers and browsers that are installed here.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// A program that a variable names, or else the first of these that is in PATH.
pub(super) fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(path) = env::var_os(variable) {
        return Some(path.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let in_path =
        |name: &&str| env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file());
    names.iter().find_map(in_path)
}

pub(super) fn command(variable: &str, name: &str) -> Command {
    Command::new(program(variable, &[name]).unwrap_or_else(|| name.into()))
}

/// More of a browser's arguments, split at spaces.
pub(super) fn more_args(variable: &str) -> Vec<String> {
    let more = env::var(variable).unwrap_or_default();
    more.split_whitespace().map(str::to_owned).collect()
}
