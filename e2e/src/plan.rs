//! Which tests run, on which browsers, and in which order.

use std::collections::HashSet;
use std::fmt::Write as _;

use anyhow::ensure;

use crate::options::Options;
use crate::{Kind, Result, Test};

/// One test to run once on one browser.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) test: Test,
    pub(crate) kind: Kind,
    /// Which of the repetitions it is, if there are several.
    pub(crate) repeat: Option<u32>,
}

/// The tests that are asked for; reports and evidence go by their names, so each has one of its
/// own.
pub(crate) fn selected(tests: Vec<Test>, options: &Options) -> Result<Vec<Test>> {
    let mut names = HashSet::new();
    for test in &tests {
        ensure!(names.insert(test.name), "there are two tests named {}", test.name);
    }
    let asked_for = |test: &Test| options.asks_for(&test.full_name());
    let selected: Vec<_> = tests.into_iter().filter(asked_for).collect();
    ensure!(
        !selected.is_empty(),
        "no test has {} in its name; see --list",
        options.filter.join(", ")
    );
    Ok(selected)
}

/// All runs of the tests, in an order that depends on the seed alone.
pub(crate) fn jobs(tests: &[Test], options: &Options, seed: u64) -> Vec<Job> {
    let mut jobs = Vec::new();
    for n in 1..=options.repeat {
        let repeat = (options.repeat > 1).then_some(n);
        for &kind in options.browsers() {
            jobs.extend(tests.iter().cloned().map(|test| Job { test, kind, repeat }));
        }
    }
    fastrand::Rng::with_seed(seed).shuffle(&mut jobs);
    jobs
}

/// What `--list` prints.
pub(crate) fn list(tests: &[Test]) -> String {
    let mut list = String::new();
    for test in tests {
        let _ = writeln!(list, "{}{}", test.full_name(), needs(test));
    }
    list
}

fn needs(test: &Test) -> String {
    let needs = test.needs;
    let mut words = Vec::new();
    for (needed, what) in [
        (needs.server, "the server in hand"),
        (needs.users, "new users"),
        (needs.account, "an account"),
        (needs.admin, "an admin"),
        (needs.cluster, "a cluster"),
    ] {
        if needed {
            words.push(what.to_owned());
        }
    }
    words.extend(test.only_on.map(|(kind, _)| kind.to_string()));
    if words.is_empty() { String::new() } else { format!("  (needs {})", words.join(", ")) }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::Context;

    async fn one(_: &Context) -> Result {
        Ok(())
    }

    async fn another(_: &Context) -> Result {
        Ok(())
    }

    fn options(args: &[&str]) -> Options {
        Options::parse_from([&["scripts/e2e"], args].concat())
    }

    #[test]
    fn each_test_runs_on_each_browser_as_often_as_asked_for() {
        let tests = crate::tests![one, another];
        let jobs = jobs(&tests, &options(&["--repeat", "3"]), 1);
        assert_eq!(jobs.len(), 2 * 2 * 3);
        assert!(jobs.iter().all(|job| job.repeat.is_some_and(|n| (1..=3).contains(&n))));
        assert!(super::jobs(&tests, &options(&[]), 1).iter().all(|job| job.repeat.is_none()));
    }

    #[test]
    fn a_seed_gives_one_order() {
        let tests = crate::tests![one, another];
        let order = |seed| {
            let jobs = jobs(&tests, &options(&["--repeat", "20"]), seed);
            jobs.iter().map(|job| (job.test.name, job.kind)).collect::<Vec<_>>()
        };
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
    }

    #[test]
    fn a_filter_that_no_test_has_is_told() {
        let tests = || crate::tests![one, another];
        assert_eq!(selected(tests(), &options(&["--filter", "ano"])).expect("one").len(), 1);
        selected(tests(), &options(&["--filter", "third"])).expect_err("none");
        selected(crate::tests![one, one], &options(&[])).expect_err("one name twice");
    }

    #[test]
    fn the_list_says_what_a_test_needs() {
        let tests = crate::tests![one.needs_account().only_on(Kind::Firefox, "reasons"), another];
        let list = list(&tests);
        assert!(list.contains("plan::tests::one  (needs an account, firefox)\n"), "{list}");
        assert!(list.ends_with("plan::tests::another\n"), "{list}");
    }
}
