//! One step: verifications at the fixed rate beside logins at another.

use std::time::Duration;

use super::args::Args;
use super::verdict::Point;
use crate::experiment::streams::{loads, works};
use crate::experiment::{Scene, Stream};
use crate::machine::Shares;
use crate::open::{Phase, RunResult, faults};
use crate::tally::Tally;
use crate::text::percent_or;

/// How often a step is taken until it says something. What other machines do comes in bursts of
/// half a minute.
const MOST_TRIES: u32 = 5;

/// What was measured at one login rate.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) percent: f64,
    pub(super) login_rate: f64,
    pub(super) verify: Tally,
    pub(super) login: Tally,
    pub(super) lasted: Duration,
    /// Verifications that were due, and that were served, while it was measured.
    pub(super) verify_offered: f64,
    pub(super) verify_served: f64,
    /// Logins per second that were served while it was measured.
    pub(super) login_goodput: f64,
    /// How far the generator was behind with 99 of 100 requests, in microseconds.
    pub(super) lag_p99_us: u64,
    /// As of [`RunResult`].
    pub(super) steal: Option<f64>,
    pub(super) contention: Shares,
    /// What the generator did wrong.
    pub(super) faults: Vec<String>,
    /// What other machines did.
    pub(super) disturbance: Option<String>,
    pub(super) interrupted: bool,
}

impl Step {
    /// Takes a step at this login utilisation in percent, rate of verifications, and rate of
    /// logins.
    pub(super) fn take(
        args: &Args,
        scene: &mut Scene<'_>,
        name: &str,
        (percent, verify_rate, login_rate): (f64, f64, f64),
    ) -> anyhow::Result<Self> {
        let phase = |name: &str, duration, measured| {
            let loads = loads(verify_rate, login_rate);
            Phase { name: name.to_owned(), duration, measured, loads }
        };
        let phases =
            vec![phase("warm-up", args.step_warm_up, false), phase("step", args.step_time, true)];
        let plan = args.generator.plan(phases, scene.target.timeout);
        let result = scene.run(name, &plan, &works(&scene.stage))?;
        Ok(Self::of(args, percent, login_rate, &result))
    }

    /// Takes it like [`Step::take`], and again if it says nothing: on a machine that is shared,
    /// others may want the cores for a while.
    pub(super) fn take_undisturbed(
        args: &Args,
        scene: &mut Scene<'_>,
        name: &str,
        rates: (f64, f64, f64),
    ) -> anyhow::Result<Self> {
        let mut title = name.to_owned();
        let mut tries = 1;
        loop {
            let step = Self::take(args, scene, &title, rates)?;
            let silent = step.silent();
            let is_over = step.interrupted || scene.server_exit().is_some();
            if silent.is_empty() || is_over || tries == MOST_TRIES {
                return Ok(step);
            }
            eprintln!("{title}: {}", silent.join(", "));
            title = format!("{name}, again");
            tries += 1;
        }
    }

    fn of(args: &Args, percent: f64, login_rate: f64, result: &RunResult) -> Self {
        let within =
            |stream: Stream| result.within(args.step_warm_up, args.step_time, stream as usize);
        let (verify_offered, verify_served) = within(Stream::Verify);
        let (_, login_served) = within(Stream::Login);
        Self {
            percent,
            login_rate,
            verify: result.total(Stream::Verify as usize),
            login: result.total(Stream::Login as usize),
            lasted: result.measured(),
            verify_offered: verify_offered as f64,
            verify_served: verify_served as f64,
            login_goodput: login_served as f64 / args.step_time.as_secs_f64(),
            lag_p99_us: result.generator.lag_p99_us(),
            steal: result.steal,
            contention: result.contention,
            faults: faults(result),
            disturbance: too_much(result.steal, args.max_steal),
            interrupted: result.interrupted,
        }
    }

    /// Why it says nothing about the server; empty if it does.
    pub(super) fn silent(&self) -> Vec<String> {
        self.faults.iter().chain(&self.disturbance).cloned().collect()
    }

    /// What counts for the verdict.
    pub(super) fn point(&self) -> Point {
        Point {
            percent: self.percent,
            verify_count: self.verify.latency.count(),
            verify_p99_us: self.verify.latency.quantile(0.99),
            verify_failed: self.verify.unserved() as f64 / self.verify.offered.max(1) as f64,
            login_rate: self.login_rate,
            login_goodput: self.login_goodput,
            faults: self.silent(),
        }
    }
}

/// Why a step with that steal says nothing.
fn too_much(steal: Option<f64>, max: f64) -> Option<String> {
    steal.filter(|steal| *steal > max).map(|_| {
        format!("other machines had a core for {} of the time (steal)", percent_or(steal, "-"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_more_steal_than_allowed_is_too_much() {
        assert_eq!(too_much(None, 0.0), None);
        assert_eq!(too_much(Some(0.005), 0.005), None);
        let fault = too_much(Some(0.0123), 0.005).unwrap();
        assert_eq!(fault, "other machines had a core for 1.2% of the time (steal)");
    }
}
