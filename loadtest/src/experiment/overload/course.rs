//! The course of an overload: what arrives when, and what that made of the server.

use std::time::Duration;

use serde::Serialize;

use super::args::Args;
use crate::experiment::Stream;
use crate::experiment::recovery::{holds, latencies, recovered};
use crate::histogram::Times;
use crate::open::{Phase, RunResult};
use crate::slo::{Judged, Slo};
use crate::stats::needed;
use crate::sut::Outcome;
use crate::tally::Tally;
use crate::text::{seconds_or_not_seen, time};

/// Unmeasured time at the start, until the server is warm.
pub(super) const WARM_UP: Duration = Duration::from_secs(2);
/// More requests than this share, ended neither rightly nor by a refusal that says so, are too
/// many.
const MOST_OTHERS: f64 = 0.001;

/// The phases of the run.
pub(super) fn phases(args: &Args, knee: f64) -> Vec<Phase> {
    let phase = |name: &str, duration, measured, factor: f64| {
        let loads = args.of.beside(knee * factor, 0.0);
        Phase { name: name.to_owned(), duration, measured, loads }
    };
    vec![
        phase("warm-up", WARM_UP, false, args.back_to),
        phase("before", args.before, true, args.back_to),
        phase("overload", args.overload, true, args.factor),
        phase("after", args.after, true, args.back_to),
    ]
}

/// The figures that the verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct OverloadFigures {
    /// Served per second during the overload.
    pub(super) goodput_per_s: f64,
    /// Shares of what arrived during the overload: told to come back later, and neither that nor
    /// served.
    #[serde(rename = "refused_share")]
    pub(super) refused: f64,
    #[serde(rename = "other_share")]
    pub(super) others: f64,
    /// How long after the load's return the objectives held again; `None` if that was not seen.
    pub(super) recovery_s: Option<usize>,
    /// Before the overload, and in the last seconds, as many as before it, in microseconds; after
    /// it only from the recovery on.
    pub(super) p99_before_us: Option<u64>,
    pub(super) p99_after_us: Option<u64>,
    /// The highest percentile that both stretches have enough requests for, and what it was in
    /// each.
    #[serde(skip)]
    pub(super) compared: Option<ComparedPercentile>,
}

/// A percentile before the overload and in the end, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ComparedPercentile {
    pub(super) percent: u8,
    pub(super) before_us: u64,
    pub(super) after_us: u64,
}

impl ComparedPercentile {
    fn of(before: &Times, after: &Times) -> Option<Self> {
        let count = before.count().min(after.count());
        let share = |percent: u8| f64::from(percent) / 100.0;
        let enough = |percent: &u8| count >= needed(share(*percent));
        let percent = [99, 95, 90, 50].into_iter().find(enough)?;
        let (before_us, after_us) =
            before.quantile(share(percent)).zip(after.quantile(share(percent)))?;
        Some(Self { percent, before_us, after_us })
    }
}

impl OverloadFigures {
    /// Of a run of [`phases`].
    pub(super) fn of(args: &Args, slos: &[Slo], result: &RunResult) -> Self {
        let stream = args.of as usize;
        let whole = |time: Duration| usize::try_from(time.as_secs()).unwrap_or(usize::MAX);
        let starts = WARM_UP + args.before;
        let back = whole(starts + args.overload);
        let (_, served) = result.within(starts, args.overload, stream);
        let tally = result.phases[2].tallies.get(stream).cloned().unwrap_or_default();
        let recovery_s = recovered(&holds(result, stream, slos), back);
        let end = whole(result.elapsed);
        let before = latencies(result, whole(WARM_UP), whole(starts), args.of);
        let after = recovery_s
            .map(|seconds| (back + seconds).max(end.saturating_sub(whole(args.before))))
            .map(|from| latencies(result, from, end, args.of));
        Self {
            goodput_per_s: served as f64 / args.overload.as_secs_f64(),
            refused: refused(&tally) as f64 / tally.offered.max(1) as f64,
            others: others(&tally) as f64 / tally.offered.max(1) as f64,
            recovery_s,
            p99_before_us: before.quantile(0.99),
            p99_after_us: after.as_ref().and_then(|after| after.quantile(0.99)),
            compared: after.as_ref().and_then(|after| ComparedPercentile::of(&before, after)),
        }
    }

    /// What is asked of them.
    pub(super) fn objectives(&self, asked: &OverloadGoals) -> Vec<Judged> {
        let judged = |slo: String, held: bool, observed: Option<String>| {
            Judged::new(slo, asked.of.name(), observed, held)
        };
        let kept = self.goodput_per_s / asked.knee;
        let within = asked.recover_within_s;
        vec![
            judged(
                format!("served in overload >= {:.0}% of the knee", 100.0 * asked.keep),
                kept >= asked.keep,
                Some(format!("{:.0}%, {:.1}/s", 100.0 * kept, self.goodput_per_s)),
            ),
            judged(
                format!("neither served nor told to come back <= {}%", 100.0 * MOST_OTHERS),
                self.others <= MOST_OTHERS,
                Some(format!("{:.2}%", 100.0 * self.others)),
            ),
            judged(
                format!("holds again within {within} s"),
                self.recovery_s.is_some_and(|seconds| seconds <= within),
                Some(seconds_or_not_seen(self.recovery_s)),
            ),
            self.as_before(asked),
        ]
    }

    /// That requests take no longer in the end than before, or not much.
    fn as_before(&self, asked: &OverloadGoals) -> Judged {
        let times = self.compared.map(|it| it.after_us as f64 / it.before_us.max(1) as f64);
        let percent = self.compared.map_or(99, |compared| compared.percent);
        let observed = times.zip(self.compared).map(|(times, it)| {
            let (before, after) = (time(it.before_us as f64), time(it.after_us as f64));
            format!("{times:.2}x: {after}, from {before}")
        });
        let slo = format!("p{percent} in the end <= {}x that before", asked.within);
        let held = times.is_some_and(|times| times <= asked.within);
        Judged::new(slo, asked.of.name(), observed, held)
    }
}

/// What is asked of the figures.
#[derive(Clone, Copy, Debug)]
pub(super) struct OverloadGoals {
    pub(super) of: Stream,
    pub(super) knee: f64,
    pub(super) keep: f64,
    pub(super) recover_within_s: usize,
    pub(super) within: f64,
}

impl OverloadGoals {
    pub(super) fn of(args: &Args, knee: f64) -> anyhow::Result<Self> {
        let recover_within_s = usize::try_from(args.recover_within.as_secs())?;
        Ok(Self { of: args.of, knee, keep: args.keep, recover_within_s, within: args.within })
    }
}

/// Requests that were told to come back later.
pub(super) fn refused(tally: &Tally) -> u64 {
    tally.outcomes.of(Outcome::Overloaded) + tally.outcomes.of(Outcome::Throttled)
}

fn others(tally: &Tally) -> u64 {
    tally.unserved().saturating_sub(refused(tally))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: OverloadGoals = OverloadGoals {
        of: Stream::Login,
        knee: 50.0,
        keep: 0.9,
        recover_within_s: 30,
        within: 2.0,
    };
    const GOOD: OverloadFigures = OverloadFigures {
        goodput_per_s: 45.0,
        refused: 0.5,
        others: 0.0,
        recovery_s: Some(30),
        p99_before_us: Some(100_000),
        p99_after_us: Some(200_000),
        compared: Some(ComparedPercentile { percent: 99, before_us: 100_000, after_us: 200_000 }),
    };

    fn missed(figures: OverloadFigures) -> Vec<usize> {
        let judged = figures.objectives(&ASKED).into_iter().enumerate();
        judged.filter(|(_, judged)| !judged.held).map(|(number, _)| number).collect()
    }

    #[test]
    fn refusing_half_of_twice_the_knee_and_coming_back_is_all_that_is_asked() {
        assert_eq!(missed(GOOD), [0; 0]);
    }

    #[test]
    fn each_way_to_do_worse_misses_an_objective_of_its_own() {
        assert_eq!(missed(OverloadFigures { goodput_per_s: 44.0, ..GOOD }), [0]);
        assert_eq!(missed(OverloadFigures { others: 0.01, ..GOOD }), [1]);
        assert_eq!(missed(OverloadFigures { recovery_s: Some(31), ..GOOD }), [2]);
        let compared = ComparedPercentile { percent: 99, before_us: 100_000, after_us: 200_001 };
        assert_eq!(missed(OverloadFigures { compared: Some(compared), ..GOOD }), [3]);
        // Who never comes back is not as before either.
        assert_eq!(missed(OverloadFigures { recovery_s: None, compared: None, ..GOOD }), [2, 3]);
    }

    #[test]
    fn as_high_a_percentile_is_compared_as_there_are_requests_for() {
        let times = |count: u64| {
            let mut times = Times::coarse();
            (0..count).for_each(|_| times.record(Duration::from_millis(10)));
            times
        };
        let percent = |before, after| {
            ComparedPercentile::of(&times(before), &times(after)).map(|compared| compared.percent)
        };
        assert_eq!(percent(368, 5000), Some(99));
        assert_eq!(percent(5000, 367), Some(95));
        assert_eq!(percent(50, 50), Some(90));
        assert_eq!(percent(6, 6), Some(50));
        assert_eq!(percent(5, 500), None);
    }
}
