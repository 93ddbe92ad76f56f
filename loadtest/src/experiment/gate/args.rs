//! The command line of `gate`.

use std::path::PathBuf;

use super::decide::Rule;
use crate::experiment::duel::Subject;
use crate::report::OutputArgs;
use crate::sut::TargetArgs;

/// Did it get slower than the baseline, by more than a bound?
///
/// Runs the baseline's server and the candidate's side by side, and measures them in turn in short
/// blocks. Both are started anew for each round, and share one core with the generator. It fails if
/// the candidate's median service time is higher by more than the bound, with the confidence asked
/// for. It is invalid if the rounds differ too much to see twice the bound.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
#[group(id = "what", required = true, multiple = false, args = ["baseline", "record", "prove"])]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// Compare the server with the one that this file names
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Make the server the baseline: write FILE, and a copy of the binary next to it
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Prove it: compare the server N times with itself, and N times with one that is 20 % slower
    ///
    /// It passes if at most one of 20 comparisons with itself is called worse, and at least 19 of
    /// 20 slowdowns are. The slower server hashes more rounds for a login, and is behind a delaying
    /// proxy for a verification.
    #[arg(long, value_name = "N")]
    pub(crate) prove: Option<u32>,

    /// With --prove: add the comparisons to those in FILE, one JSON object in each line, and count
    /// them all
    #[arg(long, value_name = "FILE", requires = "prove")]
    pub(crate) tally: Option<PathBuf>,

    /// What is compared
    #[arg(long, value_name = "WHAT", value_delimiter = ',', default_value = "login,verify")]
    pub(crate) of: Vec<Subject>,

    /// The slowdown that is allowed
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = parse_percent)]
    pub(crate) worse_than: f64,

    /// The confidence that "worse" takes
    #[arg(long, value_name = "PERCENT", default_value = "95%", value_parser = parse_confidence)]
    pub(crate) confidence: f64,

    /// The number of rounds; both servers are started in each
    #[arg(
        long, value_name = "N", default_value = "6",
        value_parser = clap::value_parser!(u32).range(5..=100)
    )]
    pub(crate) rounds: u32,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

const EXAMPLES: &str = "\
examples:
  hallpass-loadtest gate --record main.json                  on the main branch
  hallpass-loadtest gate --baseline main.json                on the branch that changes something
  hallpass-loadtest gate --baseline main.json --of verify --worse-than 2%
  hallpass-loadtest gate --prove 5                           does it tell slower from noisy, here?";

impl Args {
    pub(super) fn rule(&self) -> Rule {
        Rule { bound: self.worse_than, confidence: self.confidence }
    }
}

/// A percentage, as a share of 1.
fn percent(text: &str) -> Option<f64> {
    let number: f64 = text.strip_suffix('%')?.trim().parse().ok()?;
    Some(number / 100.0)
}

fn parse_percent(text: &str) -> Result<f64, String> {
    let share = percent(text).filter(|share| (0.001..=10.0).contains(share));
    share.ok_or_else(|| "give a percentage from 0.1% to 1000%, like 5%".to_owned())
}

fn parse_confidence(text: &str) -> Result<f64, String> {
    let share = percent(text).filter(|share| (0.5..1.0).contains(share));
    share.ok_or_else(|| "give a percentage from 50% to below 100%, like 95%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_their_sign_and_bounds() {
        assert_eq!(parse_percent("10%"), Ok(0.1));
        assert_eq!(parse_confidence("97.5%"), Ok(0.975));
        for refused in ["10", "0%", "-5%", "x%"] {
            assert!(parse_percent(refused).is_err(), "{refused}");
        }
        assert!(parse_confidence("100%").is_err() && parse_confidence("5%").is_err());
    }
}
