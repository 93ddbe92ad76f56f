//! The command line of `compare`.

use std::num::NonZeroUsize;
use std::str::FromStr;

use reqwest::Url;

use crate::experiment::duel::Subject;
use crate::parse::parse_times;
use crate::report::OutputArgs;
use crate::sut::{TargetArgs, parse_host};

/// How many times as fast is one server as another?
///
/// Server A is the one of --host, or one that is started; B is that of --to. Both get the same load
/// in turn, in short blocks. One connection shows the time of a request, several show requests per
/// second. It fails if a request fails, or if A is surely not --at-least so many times as fast.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// Server B, and how it is spoken to: http://127.0.0.1:5000,flask-tutorial [target: hallpass]
    #[arg(long, value_name = "URL[,TARGET]")]
    pub(crate) to: Opponent,

    /// What is compared
    #[arg(long, value_name = "WHAT", value_delimiter = ',', default_value = "login,verify")]
    pub(crate) of: Vec<Subject>,

    /// How many connections load a server at once, for requests per second
    #[arg(short = 'c', long, value_name = "N", default_value = "8")]
    pub(crate) connections: NonZeroUsize,

    /// How many accounts each server is loaded with; at least one for each connection
    #[arg(long, value_name = "N", default_value = "8")]
    pub(crate) accounts: usize,

    /// How many blocks there are of each kind on each server
    #[arg(
        long, value_name = "N", default_value = "10",
        value_parser = clap::value_parser!(u32).range(6..=1000)
    )]
    pub(crate) pairs: u32,

    /// How many times as fast as B server A must be, in everything that is compared
    #[arg(long, value_name = "FACTOR", value_parser = parse_times)]
    pub(crate) at_least: Option<f64>,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

const EXAMPLES: &str = "\
examples:
  scripts/flask-tutorial &
  hallpass-loadtest compare --to http://127.0.0.1:5000,flask-tutorial
  hallpass-loadtest compare --host http://127.0.0.1:8080 --to http://127.0.0.1:8081 --at-least 0.95";

/// A server and its language.
#[derive(Clone, Debug)]
pub(crate) struct Opponent {
    pub(crate) url: Url,
    pub(crate) target: String,
}

impl FromStr for Opponent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (url, target) = text.split_once(',').unwrap_or((text, "hallpass"));
        Ok(Self { url: parse_host(url)?, target: target.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opponent_has_a_url_and_may_have_a_target() {
        let flask: Opponent = "http://127.0.0.1:5000,flask-tutorial".parse().unwrap();
        assert_eq!((flask.url.port(), flask.target.as_str()), (Some(5000), "flask-tutorial"));
        assert_eq!("http://127.0.0.1:1".parse::<Opponent>().unwrap().target, "hallpass");
        assert!("127.0.0.1:5000".parse::<Opponent>().is_err());
    }
}
