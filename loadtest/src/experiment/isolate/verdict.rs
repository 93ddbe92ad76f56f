//! The verdict on isolation, from the figures of the steps.

use crate::experiment::ending::ending;
use crate::slo::Judged;
use crate::stats::needed;
use crate::text::time;
use crate::verdict::Ending;

/// More verifications than this share, answered wrongly or not at all, are too many.
const MOST_FAILED: f64 = 0.001;
/// A server that does this share of all logins that arrive is not overloaded.
const ALL_SERVED: f64 = 0.95;
/// From this login utilisation on a server should be: what is taken for 100 % is so much too low at
/// the most.
const OVERLOAD: f64 = 120.0;

/// What counts of a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    /// Login utilisation.
    pub(super) percent: f64,
    /// How many verifications that is of.
    pub(super) verify_count: u64,
    /// Of verifications, in microseconds; `None` if none was answered.
    pub(super) verify_p99_us: Option<u64>,
    /// The share of verifications that were not answered rightly.
    pub(super) verify_failed: f64,
    /// Logins per second that arrived.
    pub(super) login_rate: f64,
    /// Logins per second that were served while the step was measured.
    pub(super) login_goodput: f64,
    /// Why it says nothing; empty if it does.
    pub(super) faults: Vec<String>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct IsolateGoals {
    pub(super) within: f64,
    pub(super) keep: f64,
}

/// Judges steps, of which the first is without logins. `planned` is how many there were to be,
/// `others` what else was asked for.
pub(super) fn judge(
    points: &[Point],
    planned: usize,
    asked: IsolateGoals,
    others: Vec<Judged>,
) -> (Ending, Vec<Judged>) {
    let objectives = vec![latency(points, asked), errors(points), goodput(points, asked)];
    let objectives: Vec<Judged> = objectives.into_iter().flatten().chain(others).collect();
    let silent = points
        .iter()
        .filter(|point| !point.faults.is_empty())
        .map(|point| format!("at {:.0}%: {}", point.percent, point.faults.join(", ")));
    let all_hold = objectives.iter().all(|objective| objective.held);
    let not_overloaded = points.last().filter(|_| all_hold).and_then(not_overloaded);
    let faults: Vec<String> = silent.chain(not_overloaded).collect();
    let broken = (points.len() < planned)
        .then(|| format!("interrupted after {} of {planned} steps", points.len()));
    let ending = ending(&faults, broken.as_slice(), &objectives);
    (ending, objectives)
}

/// Why nothing follows from objectives that hold in an overload that was none.
fn not_overloaded(last: &Point) -> Option<String> {
    let did_all = last.login_goodput >= ALL_SERVED * last.login_rate;
    (last.percent >= OVERLOAD && did_all).then(|| {
        format!(
            "at {:.0}% the server did nearly all logins that arrived, {:.1}/s of {:.1}/s: that is no overload; \
             give a higher --capacity or --steps",
            last.percent, last.login_goodput, last.login_rate
        )
    })
}

/// The last step's p99 of verifications beside the first one's.
fn latency(points: &[Point], asked: IsolateGoals) -> Option<Judged> {
    let (first, last) = (points.first()?, points.last()?);
    let both = first.verify_p99_us.zip(last.verify_p99_us);
    let observed = both.map(|(before, after)| {
        let times = after as f64 / before.max(1) as f64;
        (times, format!("{times:.2}x: {}, from {}", time(after as f64), time(before as f64)))
    });
    let (count, needed) = (first.verify_count.min(last.verify_count), needed(0.99));
    let too_few = count < needed && observed.is_some();
    Some(Judged {
        slo: format!("p99 at {:.0}% of logins <= {}x that at 0%", last.percent, asked.within),
        request: "verify".to_owned(),
        held: !too_few && observed.as_ref().is_some_and(|(times, _)| *times <= asked.within),
        undecided: too_few.then(|| format!("too few requests, {count} of at least {needed}")),
        observed: observed.map(|(_, text)| text),
    })
}

/// The worst step's share of failed verifications.
fn errors(points: &[Point]) -> Option<Judged> {
    let worst = points.iter().max_by(|a, b| a.verify_failed.total_cmp(&b.verify_failed))?;
    Some(Judged {
        slo: format!("errors<{}% at every step", 100.0 * MOST_FAILED),
        request: "verify".to_owned(),
        observed: Some(format!("{:.3}% at {:.0}%", 100.0 * worst.verify_failed, worst.percent)),
        held: worst.verify_failed < MOST_FAILED,
        undecided: None,
    })
}

/// The fewest logins served beyond the capacity, beside those at it; `None` if there is no step
/// beyond.
fn goodput(points: &[Point], asked: IsolateGoals) -> Option<Judged> {
    let full = points.iter().rfind(|point| point.percent <= 100.0 && point.percent > 0.0)?;
    let beyond = points.iter().filter(|point| point.percent > full.percent);
    let worst = beyond.min_by(|a, b| a.login_goodput.total_cmp(&b.login_goodput))?;
    let share = worst.login_goodput / full.login_goodput.max(1e-9);
    Some(Judged {
        slo: format!("served beyond 100% >= {:.0}% of those at 100%", 100.0 * asked.keep),
        request: "login".to_owned(),
        observed: Some(format!(
            "{:.0}%: {:.1}/s at {:.0}%, from {:.1}/s at {:.0}%",
            100.0 * share,
            worst.login_goodput,
            worst.percent,
            full.login_goodput,
            full.percent
        )),
        held: share >= asked.keep,
        undecided: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    const ASKED: IsolateGoals = IsolateGoals { within: 2.0, keep: 0.9 };

    fn point(percent: f64, p99: u64, goodput: f64) -> Point {
        Point {
            percent,
            verify_count: 1000,
            verify_p99_us: Some(p99),
            verify_failed: 0.0,
            login_rate: percent / 2.0,
            login_goodput: goodput,
            faults: vec![],
        }
    }

    fn verdict(points: &[Point]) -> Verdict {
        judge(points, points.len(), ASKED, vec![]).0.verdict
    }

    #[test]
    fn verifications_may_slow_down_by_as_much_as_was_said() {
        assert_eq!(verdict(&[point(0.0, 1000, 0.0), point(150.0, 2000, 50.0)]), Verdict::Pass);
        assert_eq!(verdict(&[point(0.0, 1000, 0.0), point(150.0, 2001, 50.0)]), Verdict::Fail);
        // What is between does not count: the last step is the worst that was asked about.
        let between = [point(0.0, 1000, 0.0), point(50.0, 9000, 20.0), point(100.0, 1500, 50.0)];
        assert_eq!(verdict(&between), Verdict::Pass);
    }

    #[test]
    fn logins_beyond_the_capacity_must_not_cost_those_within() {
        let steps = |beyond| [point(0.0, 1, 0.0), point(100.0, 1, 50.0), point(150.0, 1, beyond)];
        assert_eq!(verdict(&steps(45.0)), Verdict::Pass);
        let (ending, objectives) = judge(&steps(44.0), 3, ASKED, vec![]);
        assert_eq!(ending.verdict, Verdict::Fail);
        assert!(ending.reason.contains("88%: 44.0/s at 150%, from 50.0/s"), "{ending}");
        assert_eq!(objectives.iter().filter(|objective| !objective.held).count(), 1);
    }

    #[test]
    fn a_failed_verification_in_a_thousand_is_too_many() {
        let mut steps = [point(0.0, 1, 0.0), point(100.0, 1, 50.0), point(150.0, 1, 50.0)];
        steps[1].verify_failed = 0.001;
        assert_eq!(verdict(&steps), Verdict::Fail);
    }

    #[test]
    fn a_step_that_says_nothing_makes_all_invalid_and_a_missing_one_is_an_interrupt() {
        let mut steps = [point(0.0, 1000, 0.0), point(150.0, 9000, 50.0)];
        steps[1].faults = vec!["it was late".to_owned()];
        let (ending, _) = judge(&steps, 2, ASKED, vec![]);
        assert_eq!(ending.verdict, Verdict::Invalid);
        assert!(ending.reason.contains("at 150%: it was late"), "{ending}");
        let (ending, _) = judge(&steps[..1], 2, ASKED, vec![]);
        assert!(ending.reason.contains("interrupted after 1 of 2 steps"), "{ending}");
    }

    #[test]
    fn nothing_follows_from_an_overload_that_was_none() {
        let verdict = |percent, p99, goodput| {
            verdict(&[point(0.0, 100, 0.0), point(100.0, 1, 50.0), point(percent, p99, goodput)])
        };
        // Of 60 that arrive per second.
        assert_eq!(verdict(120.0, 1, 56.0), Verdict::Pass);
        assert_eq!(verdict(120.0, 1, 57.0), Verdict::Invalid);
        assert_eq!(verdict(120.0, 201, 57.0), Verdict::Fail, "it is too slow all the same");
        assert_eq!(verdict(110.0, 1, 55.0), Verdict::Pass, "100 % is not known that well");
    }

    #[test]
    fn too_few_verifications_decide_nothing() {
        let mut steps = [point(0.0, 1000, 0.0), point(150.0, 1000, 50.0)];
        steps[0].verify_count = 367;
        let (ending, _) = judge(&steps, 2, ASKED, vec![]);
        assert_eq!(ending.verdict, Verdict::Invalid);
        assert!(ending.reason.contains("too few requests, 367 of at least 368"), "{ending}");
    }

    #[test]
    fn nothing_measured_does_not_hold() {
        let mut steps = [point(0.0, 1000, 0.0), point(150.0, 1000, 50.0)];
        steps[1].verify_p99_us = None;
        assert_eq!(verdict(&steps), Verdict::Fail);
    }
}
