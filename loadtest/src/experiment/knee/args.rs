//! The command line of `knee`, and of every search for a rate.

use std::num::NonZeroUsize;
use std::str::FromStr;
use std::time::Duration;

use super::probe::Rules;
use crate::experiment::{Common, GeneratorArgs, Stream};
use crate::parse::{parse_seconds, parse_share};
use crate::slo::Slo;

/// The highest rate that holds an objective, for logins and for verifications.
///
/// Doubles the rate until a probe misses, then halves the gap until it is as small as --resolution.
/// A rate holds if each --slo does and at least 98 % of what arrives is served while it arrives. A
/// probe in which the generator fell behind is made once more, and then bounds the result: `at
/// least X`. It passes if a rate was found, and each --at-least is reached.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,

    /// Whose knee is sought
    #[arg(long, value_name = "REQUEST", value_enum, default_value = "both")]
    pub(super) of: Of,

    /// What the knee must reach to pass, such as login=40 or verify=5000; repeatable
    #[arg(long, value_name = "REQUEST=RATE", value_delimiter = ',')]
    pub(super) at_least: Vec<AtLeast>,

    /// The server's cores, for comparison with what they could hash [default: this machine's, if
    /// the server is on it]
    #[arg(long, value_name = "N")]
    pub(super) cores: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(crate) search: SearchArgs,

    #[command(flatten)]
    pub(crate) generator: GeneratorArgs,
}

const EXAMPLES: &str = "\
examples:
  hallpass-loadtest knee                                    both, in about two minutes
  hallpass-loadtest knee --of login --slo 'login p99<500ms' --at-least login=40
  hallpass-loadtest knee --host https://auth.example.test --cores 4";

/// How a rate is sought.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Search")]
pub(crate) struct SearchArgs {
    /// What a rate must hold, such as 'login p99<1s' or 'errors<0.1%'; repeatable [default: 'login
    /// p99<1s', 'verify p99<5ms' and 'errors<0.1%', each where no other is about the same]
    #[arg(long, value_name = "SLO", value_delimiter = ';')]
    pub(crate) slo: Vec<Slo>,

    /// How long each probe is measured
    #[arg(long, value_name = "TIME", default_value = "4s", value_parser = parse_seconds)]
    pub(crate) probe: Duration,

    /// How long requests arrive before each probe, unmeasured
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_seconds)]
    pub(crate) probe_warm_up: Duration,

    /// How close the highest rate that holds and the lowest that misses are in the end
    #[arg(long, value_name = "PERCENT", default_value = "5%", value_parser = parse_share)]
    pub(crate) resolution: f64,
}

impl SearchArgs {
    /// How the probes of this stream are made and judged.
    pub(crate) fn rules(&self, stream: Stream, generator: &GeneratorArgs) -> Rules {
        let slos = objectives(&self.slo, stream);
        let late_after = late_after(&slos, generator.late_after);
        Rules {
            stream,
            beside: 0.0,
            slos,
            warm_up: self.probe_warm_up,
            time: self.probe,
            generator: GeneratorArgs { late_after, ..generator.clone() },
        }
    }
}

/// The objectives that were asked for, completed by the usual ones: one about latency and one about
/// errors.
pub(crate) fn objectives(asked: &[Slo], stream: Stream) -> Vec<Slo> {
    let mut slos: Vec<Slo> =
        asked.iter().filter(|slo| slo.applies_to(stream.name())).cloned().collect();
    if !slos.iter().any(|slo| slo.latency_bound().is_some()) {
        slos.insert(0, usual(stream));
    }
    if !slos.iter().any(Slo::is_about_errors) {
        slos.push(Slo::errors_below(0.1));
    }
    slos
}

/// The generator counts as late from a hundredth of the latency objective on: less decides nothing.
fn late_after(slos: &[Slo], asked: Duration) -> Duration {
    let strictest = slos.iter().filter_map(Slo::latency_bound).min_by(f64::total_cmp);
    let bearable = strictest.map(|us| Duration::from_micros((us / 100.0) as u64));
    bearable.unwrap_or_default().max(asked)
}

/// The usual objective about latency.
fn usual(stream: Stream) -> Slo {
    match stream {
        Stream::Login => Slo::p99_below("login", Duration::from_secs(1)),
        Stream::Verify => Slo::p99_below("verify", Duration::from_millis(5)),
    }
}

/// Whose knee is sought.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(super) enum Of {
    Login,
    Verify,
    Both,
}

impl Of {
    pub(super) fn streams(self) -> &'static [Stream] {
        match self {
            Self::Login => &[Stream::Login],
            Self::Verify => &[Stream::Verify],
            Self::Both => &[Stream::Login, Stream::Verify],
        }
    }
}

/// A rate that a knee must reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct AtLeast {
    pub(super) stream: Stream,
    pub(super) per_s: f64,
}

impl FromStr for AtLeast {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('=').and_then(|(name, rate)| {
            let stream = [Stream::Login, Stream::Verify].into_iter().find(|s| s.name() == name)?;
            let per_s = rate.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0)?;
            Some(Self { stream, per_s })
        });
        parsed.ok_or_else(|| format!("{text:?}: write it like login=40 or verify=5000"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(asked: &[&str], stream: Stream) -> Vec<String> {
        let asked: Vec<Slo> = asked.iter().map(|slo| slo.parse().unwrap()).collect();
        objectives(&asked, stream).iter().map(Slo::to_string).collect()
    }

    #[test]
    fn the_usual_objectives_stand_in_for_what_is_not_asked_for() {
        assert_eq!(texts(&[], Stream::Login), ["login p99<1s", "errors<0.1%"]);
        assert_eq!(texts(&[], Stream::Verify), ["verify p99<5ms", "errors<0.1%"]);
        let asked = ["login p50<80ms", "verify errors<1%"];
        assert_eq!(texts(&asked, Stream::Login), ["login p50<80ms", "errors<0.1%"]);
        assert_eq!(texts(&asked, Stream::Verify), ["verify p99<5ms", "verify errors<1%"]);
    }

    #[test]
    fn a_generator_may_be_as_late_as_decides_nothing() {
        let ms = Duration::from_millis;
        assert_eq!(late_after(&[usual(Stream::Login)], ms(1)), ms(10));
        assert_eq!(late_after(&[usual(Stream::Verify)], ms(1)), ms(1));
        assert_eq!(late_after(&[usual(Stream::Login)], ms(50)), ms(50));
    }

    #[test]
    fn a_rate_to_reach_names_its_request() {
        assert_eq!("login=40".parse(), Ok(AtLeast { stream: Stream::Login, per_s: 40.0 }));
        for refused in ["40", "login", "login=", "login=0", "refresh=4", "login=inf"] {
            assert!(refused.parse::<AtLeast>().is_err(), "{refused}");
        }
    }
}
