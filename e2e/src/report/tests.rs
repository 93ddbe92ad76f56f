use std::time::Duration;

use super::*;
use crate::attempt::Failure;
use crate::{Context, Kind, Skip};

async fn one(_: &Context) -> Result {
    Ok(())
}

fn report(outcomes: Vec<TestOutcome>) -> Report {
    let mut report = Report::begin(&Target::Own, 7, outcomes.len());
    for outcome in outcomes {
        let test = crate::tests![one].remove(0);
        let (kind, took) = (Kind::Firefox, Duration::from_millis(1500));
        report.attempts.push(Attempt { test, kind, repeat: None, outcome, took });
    }
    report
}

fn failure(error: &str) -> TestOutcome {
    let evidence = "/run/e2e/one-firefox".into();
    TestOutcome::Failed(Failure { error: error.to_owned(), evidence })
}

#[test]
fn what_a_page_said_is_no_markup_in_the_report() {
    let report = report(vec![
        failure("saw </pre><script>alert(1)</script>"),
        TestOutcome::Skipped(Skip::because("<b>closed</b>")),
    ]);
    let page = html::render(&report, Duration::ZERO, Path::new("/run/e2e"));
    assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
    assert!(page.contains("&lt;script&gt;") && page.contains("&lt;b&gt;closed"), "{page}");
}

#[test]
fn the_page_counts_and_names_each_run() {
    let report = report(vec![TestOutcome::Passed, failure("no")]);
    let page = html::render(&report, Duration::from_secs(3), Path::new("/run/e2e"));
    assert!(page.contains("1 passed, 1 failed, 0 skipped in 3.0 s"), "{page}");
    assert!(page.contains("href=\"#one-firefox\""), "{page}");
}

#[test]
fn junit_has_a_suite_for_each_browser() {
    let skip = TestOutcome::Skipped(Skip::because("registration is closed"));
    let report = report(vec![TestOutcome::Passed, skip, failure("first\nsecond & last")]);
    let xml = junit::render(&report, Duration::from_secs(3)).expect("valid");
    for part in [
        r#"<testsuite name="firefox" tests="3" skipped="1" errors="0" failures="1""#,
        r#"<testcase name="one" classname="firefox.report::tests" time="1.500""#,
        r#"<skipped message="registration is closed"/>"#,
        r#"<failure message="first">first"#,
        "second &amp; last",
        "evidence: /run/e2e/one-firefox",
    ] {
        assert!(xml.contains(part), "no {part} in {xml}");
    }
}

#[test]
fn junit_is_there_though_nothing_ran() {
    let xml = junit::render(&report(Vec::new()), Duration::ZERO).expect("valid");
    assert!(xml.contains("<testsuites name=\"hallpass-e2e\" tests=\"0\""), "{xml}");
}
