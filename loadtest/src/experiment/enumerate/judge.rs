//! Whether the times or texts of refusals betray who has an account.

use super::args::AllowedDifference;
use super::compare::Difference;
use super::probe::Group;
use crate::slo::Judged;
use crate::sut::Outcome;
use crate::text::time;
use crate::verdict::{Ending, Verdict};

/// How probable an alarm is, over all comparisons of a run, where the times are the same.
pub(super) const ALPHA: f64 = 0.01;

/// The verdict and what it rests on.
pub(super) struct EnumerateVerdict {
    pub(super) ending: Ending,
    pub(super) objectives: Vec<Judged>,
}

pub(super) fn judge(
    groups: &[Group],
    differences: &[Difference],
    bounds: &AllowedDifference,
    interrupted: bool,
) -> EnumerateVerdict {
    let alpha = ALPHA / differences.len().max(1) as f64;
    let objectives: Vec<Judged> =
        differences.iter().flat_map(|difference| objectives(difference, bounds, alpha)).collect();
    let ending = ending(groups, differences, &objectives, bounds, interrupted);
    EnumerateVerdict { ending, objectives }
}

/// That the times do not tell, and the texts neither.
fn objectives(difference: &Difference, bounds: &AllowedDifference, alpha: f64) -> Vec<Judged> {
    let Difference { kind, p, delta, medians_us, same_text } = difference;
    let request = format!("{} against wrong password", kind.name());
    let telling = *p < alpha
        && delta.estimate.abs() > bounds.delta
        && medians_us.estimate.abs() > bounds.time_us;
    let known = delta.estimate.is_finite();
    let (apart, p) = (signed_time(medians_us.estimate), probability(*p));
    let times = Judged::new(
        format!("times alike (delta within {}, or {})", bounds.delta, time(bounds.time_us)),
        &request,
        known.then(|| format!("delta {:+.3}, medians {apart} apart, p = {p}", delta.estimate)),
        known && !telling,
    );
    let texts = same_text.map(|same| {
        let observed = if same { "the same" } else { "different ones" };
        Judged::new("answers alike", &request, Some(observed.to_owned()), same)
    });
    std::iter::once(times).chain(texts).collect()
}

fn ending(
    groups: &[Group],
    differences: &[Difference],
    objectives: &[Judged],
    bounds: &AllowedDifference,
    interrupted: bool,
) -> Ending {
    let count = groups.iter().map(|group| group.times_us.len()).min().unwrap_or(0);
    let wide = |d: &Difference| (d.delta.high - d.delta.low) / 2.0 > bounds.delta;
    let (verdict, reason) = if let Some(failed) = failed(groups) {
        failed
    } else if interrupted {
        (Verdict::Fail, format!("interrupted after {count} sign-ins of each kind"))
    } else if count > 0 && objectives.iter().any(|objective| !objective.held) {
        (Verdict::Fail, missed(objectives))
    } else if count == 0 || differences.iter().any(wide) {
        let delta = bounds.delta;
        let few = format!(
            "{count} sign-ins of each kind are too few to tell a delta of {delta} from none"
        );
        (Verdict::Invalid, few)
    } else {
        (Verdict::Pass, passed(count, differences))
    };
    Ending { verdict, reason }
}

/// What follows from a sign-in that was not refused as it should be, if there is one.
fn failed(groups: &[Group]) -> Option<(Verdict, String)> {
    let failures = || groups.iter().flat_map(|group| &group.failures);
    if let Some(failure) = failures().find(|failure| failure.outcome == Outcome::Unexpected) {
        return Some((Verdict::Fail, failure.to_string()));
    }
    let failure = failures().next()?;
    let reason = format!("{failure}; times say nothing where not every sign-in is looked at");
    Some((Verdict::Invalid, reason))
}

fn missed(objectives: &[Judged]) -> String {
    let missed = objectives.iter().filter(|objective| !objective.held);
    let reason = |Judged { slo, request, observed, .. }: &Judged| {
        format!("{request}: not {slo}: {}", observed.as_deref().unwrap_or("nothing measured"))
    };
    missed.map(reason).collect::<Vec<_>>().join("; ")
}

fn passed(count: usize, differences: &[Difference]) -> String {
    let most = differences.iter().map(|d| d.delta.low.abs().max(d.delta.high.abs()));
    let most = most.fold(0.0, f64::max);
    format!(
        "{count} sign-ins of each kind do not tell them apart; whoever guesses from one is right in at \
         most {:.0} of 100 cases",
        50.0 * (1.0 + most)
    )
}

/// A time with its sign, from microseconds.
pub(super) fn signed_time(us: f64) -> String {
    format!("{}{}", if us < 0.0 { "-" } else { "+" }, time(us.abs()))
}

/// As people write it: what is very small is only called so.
pub(super) fn probability(p: f64) -> String {
    match p {
        ..0.0001 => "less than 0.0001".to_owned(),
        ..0.1 => format!("{p:.4}"),
        _ => format!("{p:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::experiment::enumerate::probe::RefusalKind;
    use crate::stats::sorted;
    use crate::sut::Failure;

    const BOUNDS: AllowedDifference = AllowedDifference { delta: 0.15, time_us: 20.0 };

    /// Times of a hash with a skewed rest, the median this much higher.
    fn group(kind: RefusalKind, count: usize, more_us: f64, seed: u64) -> Group {
        let mut random = fastrand::Rng::with_seed(seed);
        let time = |_| 50_000.0 + more_us - 1_000.0 * (1.0 - random.f64()).ln();
        let texts = BTreeSet::from(["401 refused".to_owned()]);
        Group { kind, times_us: sorted((0..count).map(time).collect()), texts, failures: vec![] }
    }

    fn judged(other: Group) -> EnumerateVerdict {
        let groups = [group(RefusalKind::WrongPassword, other.times_us.len(), 0.0, 1), other];
        let difference = Difference::between(&groups[0], &groups[1], 1);
        judge(&groups, &[difference], &BOUNDS, false)
    }

    #[test]
    fn equal_times_pass_and_the_reason_says_how_much_is_excluded() {
        let ending = judged(group(RefusalKind::UnknownUser, 400, 0.0, 2)).ending;
        assert_eq!(ending.verdict, Verdict::Pass, "{ending}");
        assert!(ending.reason.contains("in at most 5"), "{ending}");
    }

    #[test]
    fn users_that_are_unknown_sooner_are_betrayed() {
        let judgment = judged(group(RefusalKind::UnknownUser, 400, -49_000.0, 2));
        assert_eq!(judgment.ending.verdict, Verdict::Fail);
        assert!(judgment.ending.reason.contains("delta -1.000"), "{}", judgment.ending);
        let small = judged(group(RefusalKind::UnknownUser, 400, 400.0, 2));
        assert_eq!(small.ending.verdict, Verdict::Fail, "{}", small.ending);
    }

    #[test]
    fn a_difference_that_is_certain_but_of_no_use_passes() {
        // So many samples find a shift of an eighth of the spread.
        let other = group(RefusalKind::UnknownUser, 1500, 130.0, 2);
        let reference = group(RefusalKind::WrongPassword, 1500, 0.0, 1);
        assert!(Difference::between(&reference, &other, 1).p < ALPHA);
        let ending = judged(other).ending;
        assert_eq!(ending.verdict, Verdict::Pass, "{ending}");
    }

    #[test]
    fn another_text_betrays_as_much_as_another_time() {
        let mut other = group(RefusalKind::UnknownUser, 400, 0.0, 2);
        other.texts = BTreeSet::from(["404 who?".to_owned()]);
        let ending = judged(other).ending;
        assert_eq!(ending.verdict, Verdict::Fail);
        assert!(ending.reason.contains("not answers alike"), "{ending}");
    }

    #[test]
    fn too_few_samples_are_no_verdict() {
        let ending = judged(group(RefusalKind::UnknownUser, 30, 0.0, 2)).ending;
        assert_eq!(ending.verdict, Verdict::Invalid, "{ending}");
        assert_eq!(
            judged(group(RefusalKind::UnknownUser, 0, 0.0, 2)).ending.verdict,
            Verdict::Invalid
        );
    }

    #[test]
    fn a_server_that_does_not_look_is_no_verdict_and_one_that_accepts_fails() {
        for (outcome, verdict) in
            [(Outcome::Throttled, Verdict::Invalid), (Outcome::Unexpected, Verdict::Fail)]
        {
            let mut other = group(RefusalKind::UnknownUser, 400, 0.0, 2);
            other.failures.push(Failure::new(outcome, "what", ""));
            assert_eq!(judged(other).ending.verdict, verdict);
        }
    }
}
