//! The variants of a storm, and what came of each.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use serde::Serialize;

use crate::open::Sample;
use crate::slo::Judged;
use crate::text::seconds_or_not_seen;

/// More of the users who try again than this must be signed in in the end.
const MOST: f64 = 0.99;

/// How users behave.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Variant {
    /// All at the same moment, once.
    Plain,
    /// Spread over a while, once.
    Jitter,
    /// All at the same moment, and again when they are refused.
    Retry,
    /// Spread over a while, and again when they are refused, after a time that is different for
    /// each.
    JitterRetry,
}

impl Variant {
    pub(super) fn jitters(self) -> bool {
        matches!(self, Self::Jitter | Self::JitterRetry)
    }

    pub(super) fn retries(self) -> bool {
        matches!(self, Self::Retry | Self::JitterRetry)
    }

    /// When the users arrive, from the end of the outage on, in ascending order.
    pub(super) fn arrivals(self, users: u32, spread: Duration, random: &mut Rng) -> Vec<Duration> {
        let mut at = |_| match self.jitters() {
            true => spread.mul_f64(random.f64()),
            false => Duration::ZERO,
        };
        let mut arrivals: Vec<Duration> = (0..users).map(&mut at).collect();
        arrivals.sort_unstable();
        arrivals
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plain => "at once",
            Self::Jitter => "jitter",
            Self::Retry => "at once, retry",
            Self::JitterRetry => "jitter, retry",
        })
    }
}

/// What came of a variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct VariantResult {
    pub(super) variant: Variant,
    pub(super) users: u64,
    /// Users that were signed in in the end.
    pub(super) served: u64,
    /// How often they tried, together.
    pub(super) attempts: u64,
    /// How long after the outage the last of them was signed in, in seconds.
    pub(super) last_served_s: Option<f64>,
    /// How long after the outage the objectives of the usual logins held again; `null` if that was
    /// not seen.
    pub(super) recovery_s: Option<usize>,
    /// From the intended start to the end of the last attempt, of those that were signed in, in
    /// microseconds.
    pub(super) wait_p50_us: Option<u64>,
    pub(super) wait_p99_us: Option<u64>,
}

impl VariantResult {
    /// Attempts for each user.
    pub(super) fn amplification(&self) -> f64 {
        self.attempts as f64 / self.users.max(1) as f64
    }

    /// Users signed in per second, until the last of them was.
    pub(super) fn goodput_per_s(&self) -> f64 {
        self.last_served_s.map_or(0.0, |last| self.served as f64 / last.max(1e-3))
    }

    /// What is asked of it.
    pub(super) fn objectives(&self, recover_within_s: usize) -> Vec<Judged> {
        let request = self.variant.to_string();
        let recovery = Judged::new(
            format!("logins of any day hold again within {recover_within_s} s"),
            &request,
            Some(seconds_or_not_seen(self.recovery_s)),
            self.recovery_s.is_some_and(|seconds| seconds <= recover_within_s),
        );
        let share = self.served as f64 / self.users.max(1) as f64;
        let slo = format!("users signed in >= {:.0}%", 100.0 * MOST);
        let observed = Some(format!("{:.1}%", 100.0 * share));
        let served = Judged::new(slo, &request, observed, share >= MOST);
        std::iter::once(recovery).chain(self.variant.retries().then_some(served)).collect()
    }
}

/// When the last of these requests that were answered rightly was, after `since` from the run's
/// start, in seconds.
pub(super) fn last_served(samples: &[Sample], stream: usize, since: Duration) -> Option<f64> {
    let served = samples.iter().filter(|sample| sample.arrival.stream == stream);
    let ends = served.filter(|sample| sample.outcome.is_served()).map(|sample| {
        (sample.arrival.intended + sample.latency).saturating_sub(since).as_secs_f64()
    });
    ends.max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::Arrival;

    fn outcome(variant: Variant) -> VariantResult {
        VariantResult {
            variant,
            users: 200,
            served: 198,
            attempts: 500,
            last_served_s: Some(4.0),
            recovery_s: Some(5),
            wait_p50_us: None,
            wait_p99_us: None,
        }
    }

    #[test]
    fn amplification_is_attempts_by_users_and_goodput_ends_with_the_last_one() {
        let outcome = outcome(Variant::Retry);
        assert_eq!((outcome.amplification(), outcome.goodput_per_s()), (2.5, 49.5));
        assert_eq!(VariantResult { last_served_s: None, ..outcome }.goodput_per_s(), 0.0);
    }

    #[test]
    fn who_does_not_try_again_need_not_get_in() {
        let held = |outcome: VariantResult| -> Vec<bool> {
            outcome.objectives(5).iter().map(|judged| judged.held).collect()
        };
        assert_eq!(held(outcome(Variant::Retry)), [true, true]);
        assert_eq!(held(VariantResult { served: 197, ..outcome(Variant::Retry) }), [true, false]);
        assert_eq!(held(VariantResult { served: 10, ..outcome(Variant::Jitter) }), [true]);
        assert_eq!(held(VariantResult { recovery_s: Some(6), ..outcome(Variant::Plain) }), [false]);
        assert_eq!(held(VariantResult { recovery_s: None, ..outcome(Variant::Plain) }), [false]);
    }

    #[test]
    fn jitter_spreads_arrivals_and_nothing_else_does() {
        let spread = Duration::from_secs(5);
        let arrivals = |variant: Variant| variant.arrivals(1000, spread, &mut Rng::with_seed(1));
        assert!(arrivals(Variant::Retry).iter().all(Duration::is_zero));
        let spread_out = arrivals(Variant::JitterRetry);
        assert!(spread_out.is_sorted() && spread_out.last().unwrap() < &spread);
        let first_second = spread_out.iter().filter(|at| at.as_secs() == 0).count();
        assert!((150..250).contains(&first_second), "{first_second}");
    }

    #[test]
    fn the_last_one_is_the_last_that_was_served() {
        let sample = |stream, intended, latency, outcome| Sample {
            arrival: Arrival {
                intended: Duration::from_secs(intended),
                stream,
                number: 0,
                phase: 0,
                host: 0,
            },
            latency: Duration::from_secs(latency),
            service: None,
            outcome,
        };
        use crate::sut::Outcome::{Ok, Overloaded};
        let samples = [
            sample(2, 5, 3, Ok),
            sample(2, 6, 1, Ok),
            sample(2, 5, 9, Overloaded),
            sample(1, 5, 20, Ok),
        ];
        assert_eq!(last_served(&samples, 2, Duration::from_secs(5)), Some(3.0));
        assert_eq!(last_served(&[], 2, Duration::ZERO), None);
    }
}
