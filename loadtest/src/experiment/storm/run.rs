//! One variant: usual requests, an outage, and everybody at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::args::Args;
use super::users::StormUsers;
use super::variant::{Variant, VariantResult, last_served};
use crate::experiment::recovery::{holds, recovered};
use crate::experiment::streams::{loads, works};
use crate::experiment::{Scene, Stream};
use crate::open::{Load, Phase, Plan, RunResult, Work, faults};
use crate::slo::Slo;
use crate::sut::Host;

/// The number of the storm's stream, after the two usual ones.
pub(super) const STORM: usize = 2;
/// Of many requests at one moment, the last is sent a little later. Figures in seconds allow that.
const LATE_AFTER: Duration = Duration::from_millis(100);
/// The server starts this long before the outage ends: it has to open its files.
const STARTS_BEFORE: Duration = Duration::from_secs(1);
/// Usual requests that may be under way beside the users'.
const BESIDE: usize = 1000;

/// A variant and what was measured.
#[derive(Debug)]
pub(super) struct Storm {
    pub(super) outcome: VariantResult,
    pub(super) result: RunResult,
    /// When the users came, after the run's start.
    pub(super) since: Duration,
    /// How many attempts began in each second from then on.
    pub(super) attempts_by_second: Vec<u64>,
    /// How long the server was down, if it was.
    pub(super) down: Option<Duration>,
    pub(super) faults: Vec<String>,
}

impl Storm {
    /// Why nothing follows from it, if that is so.
    pub(super) fn fault(&self) -> Option<String> {
        let faults = self.faults.join(", ");
        (!faults.is_empty()).then(|| format!("{}: {faults}", self.outcome.variant))
    }

    /// Runs a variant.
    pub(super) fn run(
        args: &Args,
        slos: &[Slo],
        variant: Variant,
        scene: &mut Scene<'_>,
    ) -> anyhow::Result<Self> {
        let outage = (!scene.is_named()).then_some(args.outage);
        let mut random = Rng::with_seed(args.generator.seed);
        let arrivals = variant.arrivals(args.users, args.jitter, &mut random);
        let plan = plan(args, outage, arrivals, scene.target.timeout);
        let storm = Arc::new(StormUsers::new(scene.stage.sign_in(), args.retry(variant), random));
        let [verify, login] = works(&scene.stage);
        let all: [Arc<dyn Work>; 3] = [verify, login, Arc::clone(&storm) as Arc<dyn Work>];
        let mut crash = Crash::new(args.before, outage);
        let step = format!("storm, {variant}");
        let result = scene.run_with(&step, &plan, &all, &mut |host, elapsed| {
            crash.look(host, elapsed);
        })?;
        let down = crash.down()?;
        let since = args.before + outage.unwrap_or_default();
        let attempts = storm.attempts();
        let outcome = outcome(&result, variant, attempts.len() as u64, slos, since)?;
        let faults = faults(&result);
        let attempts_by_second = by_second(&attempts, args.watch);
        Ok(Self { outcome, result, since, attempts_by_second, down, faults })
    }
}

/// What came of the variant whose users came at `since`.
fn outcome(
    result: &RunResult,
    variant: Variant,
    attempts: u64,
    slos: &[Slo],
    since: Duration,
) -> anyhow::Result<VariantResult> {
    let holds = holds(result, Stream::Login as usize, slos);
    let tally = result.total(STORM);
    Ok(VariantResult {
        variant,
        users: tally.offered,
        served: tally.served(),
        attempts,
        last_served_s: result.samples.as_ref().and_then(|all| last_served(all, STORM, since)),
        recovery_s: recovered(&holds, usize::try_from(since.as_secs())?),
        wait_p50_us: tally.latency.quantile(0.5),
        wait_p99_us: tally.latency.quantile(0.99),
    })
}

fn plan(args: &Args, outage: Option<Duration>, arrivals: Vec<Duration>, timeout: Duration) -> Plan {
    let phase = |name: &str, duration, storm| {
        let mut loads = loads(args.verify_rate, args.login_rate);
        loads.push(storm);
        Phase { name: name.to_owned(), duration, measured: true, loads }
    };
    let before = phase("before", args.before, Load::NONE);
    let outage = outage.map(|outage| phase("outage", outage, Load::NONE));
    let storm = phase("storm", args.watch, Load::At(arrivals));
    let phases = std::iter::once(before).chain(outage).chain([storm]).collect();
    let plan = args.generator.plan(phases, timeout);
    let users = usize::try_from(args.users).unwrap_or(usize::MAX);
    Plan {
        max_in_flight: plan.max_in_flight.max(users.saturating_add(BESIDE)),
        late_after: plan.late_after.max(LATE_AFTER),
        keep_samples: true,
        ..plan
    }
}

/// How many attempts began in each second after the first.
fn by_second(attempts: &[Instant], watch: Duration) -> Vec<u64> {
    let mut seconds = vec![0; usize::try_from(watch.as_secs()).unwrap_or(0)];
    let first = attempts.iter().min().copied();
    for attempt in attempts {
        let second = first.map(|first| attempt.duration_since(first).as_secs());
        if let Some(count) = second.and_then(|s| seconds.get_mut(usize::try_from(s).ok()?)) {
            *count += 1;
        }
    }
    seconds
}

/// The outage: the server is killed, and started again on the same address and data.
#[derive(Debug)]
struct Crash {
    /// When it is killed and when it is started again, after the run's start; `None` if it is not.
    times: Option<(Duration, Duration)>,
    killed: Option<Instant>,
    down: Option<anyhow::Result<Duration>>,
}

impl Crash {
    fn new(at: Duration, outage: Option<Duration>) -> Self {
        let times = outage.map(|outage| (at, at + outage.saturating_sub(STARTS_BEFORE)));
        Self { times, killed: None, down: None }
    }

    fn look(&mut self, host: &mut Host, elapsed: Duration) {
        let Some((kill_at, start_at)) = self.times else { return };
        if self.killed.is_none() && elapsed >= kill_at {
            self.killed = Some(Instant::now());
            host.kill();
        }
        if let Some(killed) = self.killed
            && self.down.is_none()
            && elapsed >= start_at
        {
            self.down = Some(host.start_again().map(|()| killed.elapsed()));
        }
    }

    /// How long the server was down, if it was.
    fn down(self) -> anyhow::Result<Option<Duration>> {
        self.down.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_the_second_from_the_first_on() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let attempts = [at(500), at(0), at(999), at(1000), at(2500), at(60_000)];
        assert_eq!(by_second(&attempts, Duration::from_secs(4)), [3, 1, 1, 0]);
        assert_eq!(by_second(&[], Duration::from_secs(2)), [0, 0]);
    }
}
