//! The verdict on a run of Goose.

use super::summary::Summary;
use super::tally::{FailureKind, RequestRow};
use crate::machine::Shares;
use crate::sut::{Call, OWN_LIMITS};
use crate::text::grouped;
use crate::verdict::{Ending, Verdict};

/// More kinds of failures than this are only counted.
const SHOWN: usize = 5;

/// Everything that the verdict depends on.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) summary: Summary,
    /// What was accepted and must never be.
    pub(crate) accepted: Vec<&'static str>,
    /// The failures of the whole run, its ramp-up included.
    pub(crate) failures: Vec<FailureKind>,
    pub(crate) missed_thresholds: Vec<String>,
    /// The rows that need a right answer.
    pub(crate) wanted: Vec<RequestRow>,
    /// What could not be tried on this server, and why.
    pub(crate) skipped: Vec<(Call, String)>,
    pub(crate) interrupted: bool,
    /// What others took of the machine meanwhile.
    pub(crate) contention: Shares,
    /// How much they may.
    pub(crate) max_others: f64,
    /// How the server of the run's own ended, if it did so by itself.
    pub(crate) server_exit: Option<String>,
}

/// Judges a run: it passes if requests were made, and each was answered rightly.
pub(crate) fn judge(evidence: &Evidence) -> Ending {
    let (missed, mut reasons) = (&evidence.missed_thresholds, failed(evidence));
    // Others may be why a threshold was missed, but never why an answer is wrong.
    let contention = evidence.contention.fault(None, evidence.max_others);
    let contention = contention.filter(|_| reasons.is_empty() && !missed.is_empty());
    reasons.extend(missed.iter().cloned());
    let is_own = |failure: &&FailureKind| OWN_LIMITS.contains(&failure.kind.as_str());
    let own_limit = evidence.failures.iter().find(is_own);
    let (verdict, reason) = if let Some(why) = contention {
        (Verdict::Invalid, format!("{why}; {}", missed.join("; ")))
    } else if let Some(limit) = own_limit.filter(|_| evidence.accepted.is_empty()) {
        let count = grouped(limit.count);
        (Verdict::Invalid, format!("{count} x {}: {}", limit.row.call, limit.kind))
    } else if reasons.is_empty() {
        (Verdict::Pass, passed(evidence))
    } else {
        (Verdict::Fail, reasons.join("; "))
    };
    Ending { verdict, reason }
}

/// What went wrong, the gravest first.
fn failed(evidence: &Evidence) -> Vec<String> {
    let summary = &evidence.summary;
    let mut reasons: Vec<String> = evidence.accepted.iter().map(ToString::to_string).collect();
    let exit = evidence.server_exit.as_ref();
    reasons.extend(exit.map(|exit| format!("the server ended during the run ({exit})")));
    reasons.extend(evidence.interrupted.then(|| "the run was interrupted".to_owned()));
    let counted: u64 = evidence.failures.iter().map(|failure| failure.count).sum();
    if counted > 0 {
        reasons.push(failed_requests(counted, &evidence.failures));
    }
    // Both count the same requests, Goose from the end of the ramp-up on.
    if summary.failed() > counted {
        let more = grouped(summary.failed() - counted);
        reasons.push(format!("{more} more failed requests in Goose's report"));
    }
    // A run that ends at once has not come to everything.
    if evidence.accepted.is_empty() {
        let missing = evidence.wanted.iter().filter(|row| summary.served(Some(**row)) == 0);
        reasons.extend(missing.map(|row| format!("no {} request was answered rightly", row.call)));
    }
    reasons
}

fn passed(evidence: &Evidence) -> String {
    let served = grouped(evidence.summary.served(None));
    let skipped: Vec<String> = evidence.skipped.iter().map(|(call, _)| call.to_string()).collect();
    match skipped.is_empty() {
        true => format!("{served} requests, each answered rightly"),
        false => {
            format!("{served} requests, each answered rightly; skipped: {}", skipped.join(", "))
        }
    }
}

/// How many of what, with an example of each kind.
fn failed_requests(total: u64, failures: &[FailureKind]) -> String {
    let kinds = failures.iter().take(SHOWN).map(|failure| {
        let FailureKind { row, kind, count, example } = failure;
        let (request, count) = (row.call, grouped(*count));
        match example.is_empty() {
            true => format!("{count} x {request}: {kind}"),
            false => format!("{count} x {request}: {kind}, e.g. {example}"),
        }
    });
    let mut kinds: Vec<String> = kinds.collect();
    if failures.len() > SHOWN {
        kinds.push(format!("{} more kinds", failures.len() - SHOWN));
    }
    let noun = if total == 1 { "request" } else { "requests" };
    format!("{} failed {noun} ({})", grouped(total), kinds.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goose::summary::tests::figures;
    use crate::sut::BadToken;

    fn evidence(count: u64, failed: u64) -> Evidence {
        Evidence {
            summary: Summary { rows: vec![figures(Call::Verify, count, failed)], seconds: 1.0 },
            accepted: vec![],
            failures: vec![],
            missed_thresholds: vec![],
            wanted: vec![RequestRow::of(Call::Verify)],
            skipped: vec![],
            interrupted: false,
            contention: Shares::default(),
            max_others: 0.1,
            server_exit: None,
        }
    }

    fn failure(kind: &str, count: u64) -> FailureKind {
        let row = RequestRow::of(Call::Verify);
        FailureKind { row, kind: kind.into(), count, example: "a for b".into() }
    }

    fn line(evidence: &Evidence) -> String {
        judge(evidence).to_string()
    }

    #[test]
    fn a_run_whose_every_answer_was_right_passes() {
        let evidence = evidence(1_500, 0);
        assert_eq!(line(&evidence), "PASS: 1,500 requests, each answered rightly");
        assert_eq!(judge(&evidence).verdict, Verdict::Pass);
    }

    #[test]
    fn a_single_failed_request_fails_the_run_and_is_named() {
        let evidence =
            Evidence { failures: vec![failure("wrong user id", 1)], ..evidence(1_500, 1) };
        assert_eq!(
            line(&evidence),
            "FAIL: 1 failed request (1 x verify: wrong user id, e.g. a for b)"
        );
    }

    #[test]
    fn a_failure_of_the_ramp_up_fails_the_run_though_no_row_counts_it() {
        let evidence = Evidence { failures: vec![failure("timed out", 2)], ..evidence(10, 0) };
        assert_eq!(judge(&evidence).verdict, Verdict::Fail);
    }

    #[test]
    fn a_failure_that_only_goose_counted_fails_the_run() {
        assert_eq!(line(&evidence(10, 2)), "FAIL: 2 more failed requests in Goose's report");
    }

    #[test]
    fn a_limit_of_the_generators_machine_says_nothing_of_the_server() {
        let failures = vec![failure("timed out", 2), failure(OWN_LIMITS[0], 3)];
        let line = line(&Evidence { failures, ..evidence(10, 5) });
        assert!(line.starts_with("INVALID: 3 x verify: the generator has no file"), "{line}");
    }

    #[test]
    fn a_threshold_that_is_missed_beside_busy_loops_says_nothing_and_a_wrong_answer_does() {
        let contention = Shares { others: Some(0.8), idle_cores: Some(0.0), ..Shares::default() };
        let missed_thresholds = vec!["threshold p99<1ms missed: 2 ms".to_owned()];
        let busy = Evidence { missed_thresholds, contention, ..evidence(10, 0) };
        assert!(line(&busy).starts_with("INVALID: other processes took 80%"), "{}", line(&busy));
        let wrong = Evidence { failures: vec![failure("wrong user id", 1)], ..busy };
        assert_eq!(judge(&wrong).verdict, Verdict::Fail);
        assert_eq!(judge(&Evidence { contention, ..evidence(10, 0) }).verdict, Verdict::Pass);
    }

    #[test]
    fn doing_nothing_is_a_failure() {
        assert_eq!(line(&evidence(0, 0)), "FAIL: no verify request was answered rightly");
    }

    #[test]
    fn a_missed_threshold_an_interrupt_and_a_dead_server_each_fail_the_run() {
        let missed_thresholds = vec!["threshold p99<1ms missed: 2 ms".to_owned()];
        let server_exit = Some("signal: 9".to_owned());
        for evidence in [
            Evidence { missed_thresholds, ..evidence(10, 0) },
            Evidence { interrupted: true, ..evidence(10, 0) },
            Evidence { server_exit, ..evidence(10, 0) },
        ] {
            assert!(line(&evidence).starts_with("FAIL: "), "{evidence:?}");
        }
    }

    #[test]
    fn a_token_that_should_have_been_refused_fails_the_run_and_comes_first() {
        let call = Call::BadToken(BadToken::Expired);
        let kind = "an expired token was accepted";
        let failure = FailureKind { row: RequestRow::of(call), ..failure(kind, 1) };
        let line = line(&Evidence {
            accepted: vec![kind],
            failures: vec![failure],
            interrupted: true,
            ..evidence(10, 1)
        });
        assert!(line.starts_with("FAIL: an expired token was accepted; "), "{line}");
    }

    #[test]
    fn what_was_skipped_is_told_with_a_pass() {
        let skipped = vec![(Call::BadToken(BadToken::Expired), "too long".to_owned())];
        let line = line(&Evidence { skipped, ..evidence(10, 0) });
        assert_eq!(line, "PASS: 10 requests, each answered rightly; skipped: expired");
    }

    #[test]
    fn a_long_list_of_failures_is_cut() {
        let failures = (1..=7).map(|n| failure(&format!("status {n}"), n)).collect();
        let line = line(&Evidence { failures, ..evidence(100, 28) });
        assert!(line.starts_with("FAIL: 28 failed requests"), "{line}");
        assert!(line.ends_with("2 more kinds)"), "{line}");
    }
}
