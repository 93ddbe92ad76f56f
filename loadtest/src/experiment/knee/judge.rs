//! The verdict on knees.

use super::args::AtLeast;
use super::found::Found;
use super::search::Limit;
use crate::slo::Judged;
use crate::text::rate_text;
use crate::verdict::{Ending, Verdict};

/// The verdict, and what it rests on: each knee, and each rate that one must reach.
pub(super) fn judge(found: &[Found], at_least: &[AtLeast]) -> (Ending, Vec<Judged>) {
    let mut objectives: Vec<Judged> = found.iter().map(is_found).collect();
    let mut undecided = false;
    for least in at_least {
        if let Some(knee) = found.iter().find(|knee| knee.stream == least.stream) {
            let held = knee.bounds.holds_per_s.is_some_and(|rate| rate >= least.per_s);
            undecided |= !held && !is_known_to_miss(knee, least.per_s);
            let slo = format!("knee>={}/s", rate_text(least.per_s));
            objectives.push(Judged::new(slo, least.stream.name(), observed(knee), held));
        }
    }
    let missed = objectives
        .iter()
        .filter(|objective| !objective.held)
        .map(|objective| format!("{}: {} missed", objective.request, objective.slo));
    let reasons: Vec<String> = missed.chain(found.iter().map(Found::in_one_line)).collect();
    let verdict = verdict(found, &objectives, undecided);
    (Ending { verdict, reason: reasons.join("; ") }, objectives)
}

fn verdict(found: &[Found], objectives: &[Judged], undecided: bool) -> Verdict {
    if found.iter().any(|knee| knee.bounds.limit == Limit::Stopped) {
        Verdict::Fail
    } else if undecided || found.iter().any(Found::is_invalid) {
        Verdict::Invalid
    } else if objectives.iter().all(|objective| objective.held) {
        Verdict::Pass
    } else {
        Verdict::Fail
    }
}

/// Whether a rate is too high for the server, and not only for the generator.
fn is_known_to_miss(knee: &Found, per_s: f64) -> bool {
    matches!(knee.bounds.limit, Limit::Server | Limit::Least)
        && knee.bounds.beyond_per_s.is_some_and(|beyond| {
            // A rate between the bounds misses as far as the search can tell.
            beyond <= per_s || knee.bounds.holds_per_s.is_none_or(|holds| holds < per_s)
        })
}

fn is_found(knee: &Found) -> Judged {
    let slos: Vec<String> = knee.slos.iter().map(ToString::to_string).collect();
    let slo = format!("some rate holds {}", slos.join(" and "));
    Judged::new(slo, knee.stream.name(), observed(knee), knee.bounds.holds_per_s.is_some())
}

fn observed(knee: &Found) -> Option<String> {
    let rate = format!("{}/s", rate_text(knee.bounds.holds_per_s?));
    Some(match knee.bounds.limit {
        Limit::Server | Limit::Least => rate,
        Limit::Generator | Limit::Most | Limit::Stopped => format!("at least {rate}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Stream;
    use crate::experiment::knee::search::Bounds;

    fn knee(holds_per_s: Option<f64>, beyond_per_s: Option<f64>, limit: Limit) -> Found {
        let bounds = Bounds { holds_per_s, beyond_per_s, limit };
        Found { stream: Stream::Login, slos: vec![], bounds, probes: vec![] }
    }

    fn judged(knee: Found, at_least: Option<f64>) -> Verdict {
        let least = at_least.map(|per_s| AtLeast { stream: Stream::Login, per_s });
        judge(&[knee], least.as_slice()).0.verdict
    }

    #[test]
    fn a_knee_passes_unless_it_is_lower_than_it_must_be() {
        let found = || knee(Some(60.0), Some(63.0), Limit::Server);
        assert_eq!(judged(found(), None), Verdict::Pass);
        assert_eq!(judged(found(), Some(60.0)), Verdict::Pass);
        assert_eq!(judged(found(), Some(62.0)), Verdict::Fail);
        assert_eq!(judged(knee(None, Some(0.5), Limit::Least), None), Verdict::Fail);
    }

    #[test]
    fn where_the_generator_is_the_limit_only_what_held_is_known() {
        let found = || knee(Some(60.0), Some(63.0), Limit::Generator);
        assert_eq!(judged(found(), None), Verdict::Pass);
        assert_eq!(judged(found(), Some(60.0)), Verdict::Pass);
        assert_eq!(judged(found(), Some(100.0)), Verdict::Invalid);
        assert_eq!(judged(knee(None, Some(0.5), Limit::Generator), None), Verdict::Invalid);
        let (ending, _) = judge(&[found()], &[]);
        assert!(ending.reason.contains("at least 60.0/s hold"), "{ending}");
    }

    #[test]
    fn an_interrupted_search_fails_with_what_it_knows() {
        let (ending, objectives) = judge(&[knee(Some(60.0), None, Limit::Stopped)], &[]);
        assert_eq!(ending.verdict, Verdict::Fail);
        assert!(ending.reason.contains("60.0/s hold so far"), "{ending}");
        assert_eq!(objectives[0].observed.as_deref(), Some("at least 60.0/s"));
    }
}
