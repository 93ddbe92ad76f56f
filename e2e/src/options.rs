//! The command line of the suite.

use std::env;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};

use crate::driver::Kind;
use crate::{Result, User};

/// Holds the password of `--account`.
pub(crate) const PASSWORD: &str = "HALLPASS_E2E_PASSWORD";

/// Holds the password of `--admin`.
pub(crate) const ADMIN_PASSWORD: &str = "HALLPASS_E2E_ADMIN_PASSWORD";

const EXAMPLES: &str = "\
Examples:
  scripts/e2e                                   both browsers, each test on a server of its own
  scripts/e2e --browser firefox --filter guard  the tests with `guard` in their name
  scripts/e2e --filter keyboard --headed --slow-mo 500
  scripts/e2e --repeat 20                       is there a flake?
  HALLPASS_E2E_PASSWORD=... scripts/e2e --url https://login.example --account ada
  scripts/e2e --url http://127.0.0.1:20000 --cluster scripts/cluster

A failed test leaves a screenshot, the page, the console, the server's log, the requests and its
steps in target/e2e/; target/e2e/index.html shows the run, target/e2e/junit.xml is for CI systems.
Exits with 0 if every test passed or was skipped, 1 if one failed, and 2 if the run could not
begin. e2e/README.md has the environment variables.";

/// Runs the browser suite.
#[derive(Clone, Debug, Parser)]
#[command(name = "scripts/e2e", bin_name = "scripts/e2e", about, after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The browser to use
    #[arg(long, value_enum, default_value = "all")]
    pub(crate) browser: Browsers,

    /// Show the browsers
    #[arg(long)]
    pub(crate) headed: bool,

    /// Run the tests with TEXT in their name; several times: with any of them
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Vec<String>,

    /// Test this deployment instead of servers of our own; it gains users named e2e-…
    #[arg(long, value_name = "URL", env = "HALLPASS_E2E_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,

    /// A user of the deployment, left as they are; HALLPASS_E2E_PASSWORD has the password
    #[arg(
        long,
        value_name = "NAME",
        env = "HALLPASS_E2E_ACCOUNT",
        hide_env_values = true,
        requires = "url"
    )]
    account: Option<String>,

    /// An admin of the deployment; HALLPASS_E2E_ADMIN_PASSWORD has the password
    #[arg(
        long,
        value_name = "NAME",
        env = "HALLPASS_E2E_ADMIN",
        hide_env_values = true,
        requires = "url"
    )]
    admin: Option<String>,

    /// The script that kills and starts the deployment's nodes, such as scripts/cluster
    #[arg(
        long,
        value_name = "SCRIPT",
        env = "HALLPASS_E2E_CLUSTER",
        hide_env_values = true,
        requires = "url"
    )]
    pub(crate) cluster: Option<PathBuf>,

    /// Run each test N times
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) repeat: u32,

    /// Run N tests at once [default: one per core; 1 with --url, so as not to be throttled]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,

    /// Wait so many milliseconds before each step
    #[arg(long, value_name = "MS", default_value = "0")]
    slow_mo: u64,

    /// How many seconds a test may take
    #[arg(long, value_name = "S", default_value = "120", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,

    /// Begin no further test once one has failed
    #[arg(long)]
    pub(crate) fail_fast: bool,

    /// Shuffle the tests as the run did that printed this number
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// List the tests and what they need, and run none
    #[arg(long)]
    pub(crate) list: bool,

    /// Check the arguments, the display and the deployment, and run none
    #[arg(long)]
    pub(crate) check: bool,

    /// Be the guard of the run that has this folder: clean up after it when the input ends
    #[arg(long, value_name = "DIR", hide = true, exclusive = true)]
    pub(crate) guard: Option<PathBuf>,
}

/// A choice of browsers.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Browsers {
    Chromium,
    Firefox,
    All,
}

impl Options {
    pub(crate) fn browsers(&self) -> &'static [Kind] {
        match self.browser {
            Browsers::Chromium => &[Kind::Chromium],
            Browsers::Firefox => &[Kind::Firefox],
            Browsers::All => &[Kind::Chromium, Kind::Firefox],
        }
    }

    pub(crate) fn jobs(&self) -> usize {
        let cores = || available_parallelism().map_or(1, usize::from);
        match self.jobs {
            Some(jobs) => jobs.into(),
            None if self.url.is_some() => 1,
            None => cores(),
        }
    }

    pub(crate) fn slow_mo(&self) -> Duration {
        Duration::from_millis(self.slow_mo)
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    pub(crate) fn account(&self) -> Result<Option<User>> {
        given(self.account.as_deref(), PASSWORD)
    }

    pub(crate) fn admin(&self) -> Result<Option<User>> {
        given(self.admin.as_deref(), ADMIN_PASSWORD)
    }

    /// Whether the test's name, with its module before it, is asked for.
    pub(crate) fn asks_for(&self, name: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|text| name.contains(text))
    }
}

/// Passwords are not for the command line, which all of the machine can read.
fn given(name: Option<&str>, variable: &str) -> Result<Option<User>> {
    let Some(name) = name else { return Ok(None) };
    let password =
        env::var(variable).with_context(|| format!("{variable} is not set: {name}'s password"))?;
    Ok(Some(User::new(name, &password)))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(args: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from([&["scripts/e2e"], args].concat())
    }

    #[test]
    fn the_command_line_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn all_browsers_are_the_default() {
        let options = parse(&[]).expect("valid");
        assert_eq!(options.browsers(), [Kind::Chromium, Kind::Firefox]);
        assert_eq!(parse(&["--browser", "firefox"]).expect("valid").browsers(), [Kind::Firefox]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for args in [
            &["--browser", "lynx"][..],
            &["--repeat", "0"],
            &["--jobs", "0"],
            &["--jobs", "many"],
            &["--slow-mo", "-1"],
            &["guard"],
        ] {
            assert_eq!(parse(args).expect_err("refused").exit_code(), 2, "{args:?}");
        }
    }

    #[test]
    fn a_deployment_is_not_stormed() {
        let args = ["--url", "https://login.example"];
        assert_eq!(parse(&args).expect("valid").jobs(), 1);
        assert_eq!(parse(&["--jobs", "3"]).expect("valid").jobs(), 3);
    }

    #[test]
    fn a_filter_is_a_part_of_the_name() {
        let options = parse(&["--filter", "guard", "--filter", "tab"]).expect("valid");
        assert!(options.asks_for("guard::a_visitor_is_sent_to_sign_in"));
        assert!(options.asks_for("session::signing_out_in_one_tab"));
        assert!(!options.asks_for("accounts::the_keyboard_alone_is_enough"));
    }
}
