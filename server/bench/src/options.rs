//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::rows::{GROUPS, Group};

/// Measures what Hallpass can do on this machine, each figure beside that of something else in the
/// same run: bare hyper, axum with jsonwebtoken, Flask, OpenSSL, the disk.
///
/// Prints a table with each target and whether it is met. Exit codes: 0 everything was measured, 1
/// something could not be measured, 2 the arguments are wrong.
#[derive(Clone, Debug, Parser)]
#[command(name = "scripts/bench", bin_name = "scripts/bench")]
pub struct Options {
    /// Measure only these groups; --list names them
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = group)]
    pub only: Vec<&'static Group>,

    /// Measure only this build against another hallpass program, such as one from before a change
    #[arg(long, value_name = "FILE", conflicts_with = "only")]
    pub against: Option<PathBuf>,

    /// Take a quick look: fewer and shorter rounds, fewer users
    #[arg(long)]
    pub quick: bool,

    /// Write all figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Write a chart to this file as SVG
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,

    /// List the groups and what they measure, and exit
    #[arg(long)]
    pub list: bool,
}

fn group(name: &str) -> Result<&'static Group, String> {
    GROUPS.iter().find(|group| group.name == name).ok_or_else(|| {
        let names = GROUPS.map(|group| group.name);
        format!("there is no such group; there are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from([&["bench"], args].concat())
    }

    #[test]
    fn groups_are_named_with_commas_between() {
        let options = parse(&["--only", "kdf,verify"]).unwrap();
        assert_eq!(
            options.only.iter().map(|group| group.name).collect::<Vec<_>>(),
            ["kdf", "verify"]
        );
        let error = parse(&["--only", "speed"]).unwrap_err().to_string();
        assert!(error.contains("there are kdf, verify"), "{error}");
    }
}
