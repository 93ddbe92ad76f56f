//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};

use crate::rows::{GROUPS, Group};

/// Measures what Hallpass can do on this machine, each figure beside that of something else in the
/// same run: bare hyper, axum with jsonwebtoken, Flask, OpenSSL, the disk.
///
/// Prints a table with each target and whether it is met. Exit codes: 0 everything was measured, 1
/// something could not be measured, 2 the arguments are wrong, 3 something is worse than in the run
/// of --compare.
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

    /// After the run, say what has changed beyond noise since the one that wrote OLD with --json.
    /// With a second file, compare the two and measure nothing
    #[arg(long, value_names = ["OLD.json", "NEW.json"], num_args = 1..=2)]
    pub compare: Vec<PathBuf>,

    /// List the groups and what they measure, and exit
    #[arg(long)]
    pub list: bool,
}

impl Options {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// If they are wrong, or ask for help.
    pub fn read<T: Into<OsString> + Clone>(
        args: impl IntoIterator<Item = T>,
    ) -> Result<Self, clap::Error> {
        let options = Self::try_parse_from(args)?;
        let measures = options.against.is_some()
            || options.quick
            || !options.only.is_empty()
            || options.json.is_some()
            || options.chart.is_some();
        if options.compare.len() == 2 && measures {
            let told = "two files are compared as they are: nothing is measured, so --compare OLD.json \
                        NEW.json takes no other option";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, told));
        }
        Ok(options)
    }
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
        Options::read([&["bench"], args].concat())
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

    #[test]
    fn two_files_are_compared_without_a_run() {
        let files = |args: &[&str]| parse(args).map(|options| options.compare.len());
        assert_eq!(files(&[]).unwrap(), 0);
        assert_eq!(files(&["--compare", "old.json", "--quick"]).unwrap(), 1);
        assert_eq!(files(&["--compare", "old.json", "new.json"]).unwrap(), 2);
        for other in [
            &["--quick"][..],
            &["--only", "kdf"],
            &["--against", "hallpass"],
            &["--json", "now.json"],
            &["--chart", "now.svg"],
        ] {
            let error = files(&[&["--compare", "old.json", "new.json"], other].concat());
            assert!(error.unwrap_err().to_string().contains("nothing is measured"), "{other:?}");
        }
        assert!(files(&["--compare"]).is_err());
        assert!(files(&["--compare", "a.json", "b.json", "c.json"]).is_err());
    }
}
