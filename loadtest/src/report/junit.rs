//! `JUnit` XML, which CI systems show as test results: each objective is a test case.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::slo::Judged;
use crate::verdict::{Ending, Verdict};

/// Writes the verdict of an experiment and its objectives.
pub(crate) fn write_junit(
    file: &Path,
    experiment: &str,
    ending: &Ending,
    objectives: &[Judged],
    took: Duration,
) -> anyhow::Result<()> {
    let text = render(experiment, ending, objectives, took)?;
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn render(
    experiment: &str,
    ending: &Ending,
    objectives: &[Judged],
    took: Duration,
) -> anyhow::Result<String> {
    let mut suite = TestSuite::new(format!("load.{experiment}"));
    suite.set_time(took);
    let class = format!("load.{experiment}");
    let mut case = |name: String, status: TestCaseStatus| {
        let mut case = TestCase::new(name, status);
        case.set_classname(class.clone());
        suite.add_test_case(case);
    };
    case("verdict".to_owned(), of_verdict(ending));
    for judged in objectives {
        case(format!("{}: {}", judged.request, judged.slo), of_objective(judged, ending.verdict));
    }
    let mut report = Report::new("hallpass-loadtest");
    report.set_time(took);
    report.add_test_suite(suite);
    Ok(report.to_string()?)
}

/// An invalid run is an error, since it has not tested anything.
fn of_verdict(ending: &Ending) -> TestCaseStatus {
    let kind = match ending.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Fail => NonSuccessKind::Failure,
        Verdict::Invalid => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(ending.to_string());
    status
}

fn of_objective(judged: &Judged, verdict: Verdict) -> TestCaseStatus {
    if verdict == Verdict::Invalid {
        let mut status = TestCaseStatus::skipped();
        status.set_message("the run is invalid");
        return status;
    }
    if let Some(why) = &judged.undecided {
        let mut status = TestCaseStatus::skipped();
        status.set_message(why.clone());
        return status;
    }
    if judged.held {
        return TestCaseStatus::success();
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let observed = judged.observed.as_deref().unwrap_or("nothing");
    status.set_message(format!("{} missed: measured {observed}", judged.slo));
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(verdict: Verdict, held: bool) -> String {
        let ending = Ending { verdict, reason: "because".into() };
        let judged = Judged {
            slo: "p99<5ms".into(),
            request: "verify".into(),
            observed: Some("6.0 ms".into()),
            held,
            undecided: None,
        };
        render("open", &ending, &[judged], Duration::from_secs(20)).unwrap()
    }

    #[test]
    fn an_objective_that_is_missed_is_a_failure_with_what_was_measured() {
        let xml = xml(Verdict::Fail, false);
        assert!(xml.contains(r#"tests="2" "#) && xml.contains(r#"failures="2""#), "{xml}");
        assert!(xml.contains("verify: p99&lt;5ms") && xml.contains("measured 6.0 ms"), "{xml}");
    }

    #[test]
    fn a_run_that_passes_has_no_failure() {
        let xml = xml(Verdict::Pass, true);
        assert!(xml.contains(r#"failures="0""#) && xml.contains(r#"errors="0""#), "{xml}");
    }

    #[test]
    fn an_invalid_run_is_an_error_and_judges_no_objective() {
        let xml = xml(Verdict::Invalid, true);
        assert!(xml.contains(r#"errors="1""#) && xml.contains("<skipped"), "{xml}");
    }
}
