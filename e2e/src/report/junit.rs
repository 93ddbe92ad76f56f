//! `JUnit` XML, which CI systems show as test results.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as JunitReport, TestCase, TestCaseStatus, TestSuite};

use super::results::Report;
use crate::Result;
use crate::attempt::{Attempt, TestOutcome};

/// A suite for each browser; a test's class is the module it is in.
pub(super) fn render(report: &Report, took: Duration) -> Result<String> {
    let mut junit = JunitReport::new("hallpass-e2e");
    junit.set_time(took);
    for kind in report.kinds() {
        let mut suite = TestSuite::new(kind.to_string());
        let attempts = report.attempts.iter().filter(|attempt| attempt.kind == kind);
        suite.add_test_cases(attempts.map(case));
        junit.add_test_suite(suite);
    }
    Ok(junit.to_string()?)
}

fn case(attempt: &Attempt) -> TestCase {
    let status = match &attempt.outcome {
        TestOutcome::Passed => TestCaseStatus::success(),
        TestOutcome::Skipped(skip) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(skip.to_string());
            status
        }
        TestOutcome::Failed(failure) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(failure.error.lines().next().unwrap_or_default());
            let (error, place) = (&failure.error, failure.evidence.display());
            status.set_description(format!("{error}\nevidence: {place}"));
            status
        }
    };
    let mut case = TestCase::new(attempt.name(), status);
    case.set_classname(format!("{}.{}", attempt.kind, attempt.test.group()));
    case.set_time(attempt.took);
    case
}
