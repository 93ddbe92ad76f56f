//! The verdict that follows from an experiment's objectives.

use crate::slo::Judged;
use crate::verdict::{Ending, Verdict};

/// The verdict: invalid if there are `faults` in how it was measured, else a failure if something is `broken`, such as an
/// interrupt, or an objective does not hold.
pub(crate) fn ending(faults: &[String], broken: &[String], objectives: &[Judged]) -> Ending {
    let (missed, held): (Vec<&Judged>, Vec<&Judged>) =
        objectives.iter().partition(|objective| !objective.held);
    let (verdict, reasons) = if !faults.is_empty() {
        (Verdict::Invalid, faults.to_vec())
    } else if broken.is_empty() && missed.is_empty() {
        (Verdict::Pass, held.into_iter().map(told).collect())
    } else {
        let missed = missed.into_iter().map(told);
        (Verdict::Fail, broken.iter().cloned().chain(missed).collect())
    };
    Ending { verdict, reason: reasons.join("; ") }
}

fn told(judged: &Judged) -> String {
    let Judged { slo, request, observed, held } = judged;
    let observed = observed.as_deref().unwrap_or("nothing measured");
    let missed = if *held { "" } else { " missed" };
    format!("{request}: {slo}{missed} ({observed})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(held: bool) -> Judged {
        let observed = Some("6.0 ms".to_owned());
        Judged { slo: "p99<5ms".to_owned(), request: "verify".to_owned(), observed, held }
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
    fn a_generator_at_fault_says_nothing_about_the_server() {
        let late = ["it was late".to_owned()];
        assert_eq!(ending(&late, &[], &[judged(false)]).verdict, Verdict::Invalid);
    }
}
