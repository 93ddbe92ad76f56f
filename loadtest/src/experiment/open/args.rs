//! The command line of `open`.

use std::time::Duration;

use super::rate::Rates;
use super::stream::Stream;
use super::two_step::{Demand, Shares, drift_steps};
use crate::experiment::{Common, GeneratorArgs};
use crate::open::{Load, Phase, Plan};
use crate::parse::{parse_duration, parse_positive};
use crate::slo::Slo;
use crate::sut::Spec;

/// Open loop: requests arrive at a given rate, and each is timed from when it should have begun.
///
/// Verifications and logins arrive at their rates, whatever becomes of those before them. A login
/// in two steps (second-factor) is one request, from its password to the answer to its code. The
/// run passes if every request is answered rightly, each --slo holds, and no queue grows to the
/// end. It is invalid if the generator was late, if other processes took the machine's time, or if
/// too few requests decide an --slo.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,

    /// Verifications per second: `500`, a ramp `100..1000`, or steps of equal length `100,200,400`
    ///
    /// With no rate given it is 500, and 5 logins.
    #[arg(long, value_name = "RATE")]
    pub(crate) verify_rate: Option<Rates>,

    /// Logins per second, written in the same way
    #[arg(long, value_name = "RATE")]
    pub(crate) login_rate: Option<Rates>,

    /// Logins in two steps per second, written in the same way: a password and a one-time code
    ///
    /// They are the request second-factor. They have accounts of their own, on which one-time codes
    /// are set up first. A code counts once, so a rate takes 30 accounts for each login a second.
    /// Without --accounts, there are as many.
    #[arg(long, value_name = "RATE")]
    pub(crate) second_factor_rate: Option<Rates>,

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
  hallpass-loadtest open --second-factor-rate 2 --slo 'second-factor p90<1s'
  hallpass-loadtest open --host https://auth.example.test --verify-rate 100 --arrivals poisson";

/// What arrives per second when no rate is given: what one core of any machine can serve.
const DEFAULT_RATES: (f64, f64) = (500.0, 5.0);

impl Args {
    /// The streams of requests, each with its rates. The first two are always there.
    pub(super) fn streams(&self) -> Vec<(Stream, Rates)> {
        let second_factor = self.second_factor_rate.as_ref().filter(|rates| !rates.is_zero());
        let none_given = [&self.verify_rate, &self.login_rate, &self.second_factor_rate]
            .iter()
            .all(|rates| rates.is_none());
        let rates = |given: &Option<Rates>, default| {
            let unsaid = Rates::constant(if none_given { default } else { 0.0 });
            given.clone().unwrap_or(unsaid)
        };
        let always = [
            (Stream::Verify, rates(&self.verify_rate, DEFAULT_RATES.0)),
            (Stream::Login, rates(&self.login_rate, DEFAULT_RATES.1)),
        ];
        let asked_for = second_factor.map(|rates| (Stream::SecondFactor, rates.clone()));
        always.into_iter().chain(asked_for).collect()
    }

    /// How the accounts are shared out.
    ///
    /// # Errors
    ///
    /// The target has no logins in two steps, or there are too few accounts for their rate.
    pub(super) fn shares(&self, spec: &Spec) -> Result<Shares, String> {
        let given = self.common.accounts.accounts;
        let streams = self.streams();
        let (two_step, others): (Vec<_>, Vec<_>) =
            streams.iter().partition(|(stream, _)| *stream == Stream::SecondFactor);
        let Some((_, rate)) = two_step.first() else {
            return Ok(Shares { users: given, two_step: 0 });
        };
        let demand = Demand {
            rate,
            time: self.warm_up + self.time,
            spacing: self.generator.arrivals,
            drift_steps: drift_steps(spec)?,
        };
        demand.share(given, others.iter().any(|(_, rates)| !rates.is_zero()))
    }

    fn check_slos(&self, streams: &[(Stream, Rates)]) -> Result<(), String> {
        for slo in &self.slo {
            let Some(request) = slo.request.as_deref() else { continue };
            let is_meant =
                |(stream, rates): &(Stream, Rates)| stream.name() == request && !rates.is_zero();
            if !streams.iter().any(is_meant) {
                return Err(format!("--slo {slo}: this run has no {request} requests"));
            }
        }
        Ok(())
    }

    /// The plan for the streams.
    pub(super) fn plan(&self) -> Result<Plan, String> {
        let streams = self.streams();
        if streams.iter().all(|(_, rates)| rates.is_zero()) {
            let rates = "--verify-rate, --login-rate or --second-factor-rate";
            return Err(format!("nothing would be sent: give {rates}"));
        }
        self.check_slos(&streams)?;
        let rates: Vec<&Rates> = streams.iter().map(|(_, rates)| rates).collect();
        let loads = Rates::together(&rates).ok_or(
            "the rates have different numbers of steps: give as many of each, or one of some",
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
            phases.push(Phase { name, duration: each, measured: true, loads });
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
    fn logins_in_two_steps_are_a_stream_of_their_own_where_they_are_asked_for() {
        let rates = ["--second-factor-rate", "2"];
        assert_eq!(loads(&rates), [[constant(0.0, 0.0), vec![Load::constant(2.0)]].concat()]);
        assert!(plan(&["--verify-rate", "1", "--slo", "second-factor p50<1s"]).is_err());
        assert!(plan(&[&rates[..], &["--slo", "second-factor p50<1s"]].concat()).is_ok());
        assert_eq!(loads(&["--verify-rate", "1", rates[0], "0"]), [constant(1.0, 0.0)]);
    }

    #[test]
    fn logins_in_two_steps_take_a_target_that_has_them_and_enough_accounts() {
        let shares = |target: &str, args: &[&str]| {
            let line = ["open", "--second-factor-rate", "2"].iter().chain(args);
            CommandLine::parse_from(line).args.shares(&Spec::find(target).unwrap())
        };
        let error = shares("flask-tutorial", &[]).unwrap_err();
        assert!(error.contains("[second_factor]") && error.contains("flask-tutorial"), "{error}");
        let error = shares("hallpass", &["--accounts", "59"]).unwrap_err();
        assert!(error.contains("at least 60 accounts"), "{error}");
        assert_eq!(shares("hallpass", &[]), Ok(Shares { users: Some(0), two_step: 60 }));
        let beside = shares("hallpass", &["--login-rate", "1", "--accounts", "70"]);
        assert_eq!(beside, Ok(Shares { users: Some(10), two_step: 60 }));
        let warm_up = shares("hallpass", &["-t", "5s", "--warm-up", "5s"]);
        assert_eq!(warm_up.unwrap().two_step, 20);
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
