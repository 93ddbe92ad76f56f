//! The verdict that follows from an experiment's objectives.

use crate::slo::Judged;
use crate::verdict::{Ending, Verdict};

/// The verdict. It is invalid if there are `faults` in how it was measured. It is a failure if
/// something is `broken`, such as an interrupt, or an objective does not hold.
pub(crate) fn ending(faults: &[String], broken: &[String], objectives: &[Judged]) -> Ending {
    let (held, not_held): (Vec<&Judged>, Vec<&Judged>) =
        objectives.iter().partition(|objective| objective.held);
    let (missed, undecided): (Vec<&Judged>, Vec<&Judged>) =
        not_held.into_iter().partition(|objective| objective.undecided.is_none());
    let (verdict, reasons) = if !faults.is_empty() {
        (Verdict::Invalid, faults.to_vec())
    } else if broken.is_empty() && missed.is_empty() && !undecided.is_empty() {
        (Verdict::Invalid, undecided.into_iter().map(reason).collect())
    } else if broken.is_empty() && missed.is_empty() {
        (Verdict::Pass, held.into_iter().map(reason).collect())
    } else {
        let missed = missed.into_iter().map(reason);
        (Verdict::Fail, broken.iter().cloned().chain(missed).collect())
    };
    Ending { verdict, reason: reasons.join("; ") }
}

fn reason(judged: &Judged) -> String {
    let Judged { slo, request, observed, held, undecided } = judged;
    if let Some(why) = undecided {
        return format!("{request}: {slo} cannot be decided: {why}");
    }
    let observed = observed.as_deref().unwrap_or("nothing measured");
    let missed = if *held { "" } else { " missed" };
    format!("{request}: {slo}{missed} ({observed})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(held: bool) -> Judged {
        let observed = Some("6.0 ms".to_owned());
        Judged {
            slo: "p99<5ms".to_owned(),
            request: "verify".to_owned(),
            observed,
            held,
            undecided: None,
        }
    }

    #[test]
    fn an_objective_that_is_missed_or_something_broken_fails() {
        let verdict = |broken: &[String], held| ending(&[], broken, &[judged(held)]).verdict;
        let interrupted = ["interrupted".to_owned()];
        assert_eq!(verdict(&[], true), Verdict::Pass);
        assert_eq!(verdict(&[], false), Verdict::Fail);
        assert_eq!(verdict(&interrupted, true), Verdict::Fail);
        let ending = ending(&[], &interrupted, &[judged(false)]);
        assert_eq!(ending.reason, "interrupted; verify: p99<5ms missed (6.0 ms)");
    }

    #[test]
    fn what_is_not_decided_is_neither_a_pass_nor_a_failure() {
        let why = Some("too few requests".to_owned());
        let open = Judged { undecided: why, ..judged(false) };
        let ending = |objectives: &[Judged]| ending(&[], &[], objectives);
        let undecided = ending(&[judged(true), open.clone()]);
        assert_eq!(undecided.verdict, Verdict::Invalid);
        assert_eq!(undecided.reason, "verify: p99<5ms cannot be decided: too few requests");
        assert_eq!(ending(&[judged(false), open]).verdict, Verdict::Fail);
    }

    #[test]
    fn a_generator_at_fault_says_nothing_about_the_server() {
        let late = ["it was late".to_owned()];
        assert_eq!(ending(&late, &[], &[judged(false)]).verdict, Verdict::Invalid);
    }
}
