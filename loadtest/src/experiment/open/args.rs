//! The command line of `open`.

use std::time::Duration;

use super::rate::Rates;
use crate::experiment::{Common, GeneratorArgs};
use crate::open::{Load, Phase, Plan};
use crate::parse::{parse_duration, parse_positive};
use crate::slo::Slo;

/// Open loop: requests arrive at a given rate, and each is timed from when it should have begun.
///
/// Verifications and logins arrive at their rates, whatever becomes of those before them. The run
/// passes if every request is answered rightly, each --slo holds, and no queue grows to the end. It
/// is invalid if the generator was late, if other processes took the machine's time, or if too few
/// requests decide an --slo.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,

    /// Verifications per second: `500`, a ramp `100..1000`, or steps of equal length `100,200,400`
    ///
    /// With neither rate given it is 500, and 5 logins.
    #[arg(long, value_name = "RATE")]
    pub(crate) verify_rate: Option<Rates>,

    /// Logins per second, written in the same way
    #[arg(long, value_name = "RATE")]
    pub(crate) login_rate: Option<Rates>,

    /// How long requests arrive
    #[arg(
        short = 't', long, value_name = "TIME", default_value = "30s",
        value_parser = parse_positive
    )]
    pub(crate) time: Duration,

    /// A warm-up of this length at the first rate, unmeasured
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_duration)]
    pub(crate) warm_up: Duration,

    /// What must hold, such as 'verify p99<5ms' or 'errors<0.1%'; repeatable
    ///
    /// An objective is written as REQUEST service MEASURE COMPARISON BOUND, such as `verify service
    /// p99<5ms`; REQUEST and `service` may be left out. Measures are p50 to p99.99, max and mean,
    /// of latency or of service time. Others are errors, achieved, served, dropped and late, in %
    /// of the requests or per second (/s). Comparisons are < <= > >=. Without REQUEST it must hold
    /// for each. Without an objective about errors or served requests, every request must be
    /// answered rightly.
    #[arg(long, value_name = "SLO", value_delimiter = ';')]
    pub(crate) slo: Vec<Slo>,

    #[command(flatten)]
    pub(crate) generator: GeneratorArgs,
}

const EXAMPLES: &str = "\
examples:
  hallpass-loadtest open --verify-rate 2000 --login-rate 10 --slo 'verify p99<5ms'
  hallpass-loadtest open --verify-rate 100..5000 --time 1m       where does it bend?
  hallpass-loadtest open --host https://auth.example.test --verify-rate 100 --arrivals poisson";

/// What arrives per second when no rate is given: what one core of any machine can serve.
const DEFAULT_RATES: (f64, f64) = (500.0, 5.0);

impl Args {
    /// The rates of verifications and of logins.
    pub(super) fn rates(&self) -> (Rates, Rates) {
        match (&self.verify_rate, &self.login_rate) {
            (None, None) => (Rates::constant(DEFAULT_RATES.0), Rates::constant(DEFAULT_RATES.1)),
            (verify, login) => {
                let or_none = |rates: &Option<Rates>| rates.clone().unwrap_or(Rates::constant(0.0));
                (or_none(verify), or_none(login))
            }
        }
    }

    /// The plan for a stream of verifications and one of logins.
    pub(super) fn plan(&self) -> Result<Plan, String> {
        let (verify, login) = self.rates();
        if verify.is_zero() && login.is_zero() {
            return Err("nothing would be sent: give --verify-rate or --login-rate".to_owned());
        }
        for slo in &self.slo {
            match slo.request.as_deref() {
                None => {}
                Some("verify") if !verify.is_zero() => {}
                Some("login") if !login.is_zero() => {}
                Some(other) => {
                    return Err(format!("--slo {slo}: this run has no {other} requests"));
                }
            }
        }
        let loads = verify.beside(&login).ok_or(
            "--verify-rate and --login-rate have different numbers of steps: give as many of both, \
             or one of either",
        )?;
        let several = loads.len() > 1;
        let each = self.time / u32::try_from(loads.len()).map_err(|e| e.to_string())?;
        let mut phases = Vec::new();
        if !self.warm_up.is_zero() {
            let loads = loads[0].iter().map(Load::at_its_start).collect();
            let (name, duration) = ("warm-up".to_owned(), self.warm_up);
            phases.push(Phase { name, duration, measured: false, loads });
        }
        for (number, loads) in (1..).zip(loads) {
            let name = if several { format!("step {number}") } else { "load".to_owned() };
            phases.push(Phase { name, duration: each, measured: true, loads: loads.to_vec() });
        }
        Ok(self.generator.plan(phases, self.common.target.timeout))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    #[command(args_override_self = true)]
    struct CommandLine {
        #[command(flatten)]
        args: Args,
    }

    fn plan(args: &[&str]) -> Result<Plan, String> {
        let line = std::iter::once("open").chain(args.iter().copied());
        CommandLine::try_parse_from(line).map_err(|error| error.to_string())?.args.plan()
    }

    fn loads(args: &[&str]) -> Vec<Vec<Load>> {
        plan(args).unwrap().phases.into_iter().map(|phase| phase.loads).collect()
    }

    fn constant(verify: f64, login: f64) -> Vec<Load> {
        vec![Load::constant(verify), Load::constant(login)]
    }

    #[test]
    fn a_rate_left_out_is_none_unless_both_are() {
        assert_eq!(loads(&[]), [constant(500.0, 5.0)]);
        assert_eq!(loads(&["--verify-rate", "100"]), [constant(100.0, 0.0)]);
        assert_eq!(loads(&["--login-rate", "2.5"]), [constant(0.0, 2.5)]);
    }

    #[test]
    fn steps_share_the_time_and_a_constant_goes_with_each() {
        let plan = plan(&["--verify-rate", "100,200", "--login-rate", "5", "-t", "9s"]).unwrap();
        let each: Vec<_> = plan.phases.iter().map(|phase| (phase.duration, &phase.loads)).collect();
        let half = Duration::from_millis(4500);
        assert_eq!(each, [(half, &constant(100.0, 5.0)), (half, &constant(200.0, 5.0))]);
    }

    #[test]
    fn a_warm_up_has_the_first_rate_and_is_not_measured() {
        let plan = plan(&["--verify-rate", "100..300", "--warm-up", "2s"]).unwrap();
        assert_eq!(plan.phases[0].loads, constant(100.0, 0.0));
        assert!(!plan.phases[0].measured && plan.phases[1].measured);
        assert_eq!(plan.duration(), Duration::from_secs(32));
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        assert!(plan(&["--verify-rate", "0"]).unwrap_err().contains("nothing would be sent"));
        let steps = plan(&["--verify-rate", "1,2", "--login-rate", "1,2,3"]);
        assert!(steps.unwrap_err().contains("different numbers of steps"));
        for slo in ["login p99<1s", "refresh errors<1%"] {
            let error = plan(&["--verify-rate", "1", "--slo", slo]).unwrap_err();
            assert!(error.contains("has no"), "{error}");
        }
        assert!(plan(&["--verify-rate", "1", "--slo", "verify p99<1s; errors<1%"]).is_ok());
        for refused in [["--time", "0s"], ["--max-in-flight", "0"], ["--accounts", "0"]] {
            assert!(plan(&refused).is_err(), "{refused:?}");
        }
    }
}
