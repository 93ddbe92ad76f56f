//! The Goose run: its configuration from our command line, and what came out of it.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use goose::config::GooseConfiguration;
use goose::metrics::GooseMetrics;
use goose::{GooseAttack, GooseError, trigger_killswitch};

use super::args::Args;
use super::scenarios::scenarios;
use super::world::World;
use crate::interrupt::Interrupt;
use crate::sut::Target;
use crate::usage::UsageError;

/// What Goose measured.
#[derive(Debug)]
pub(crate) struct GooseRun {
    pub(crate) metrics: GooseMetrics,
    /// The `--threshold` rules that were missed, each with what was observed.
    pub(crate) missed_thresholds: Vec<String>,
}

/// The options after `--`. Ends the process for `--help` and for what Goose does not know, as clap
/// does for our own.
pub(crate) fn goose_options(args: &Args) -> Result<GooseConfiguration, UsageError> {
    let line =
        std::iter::once("hallpass-loadtest goose --").chain(args.goose.iter().map(String::as_str));
    let options = GooseConfiguration::try_parse_from(line).unwrap_or_else(|error| error.exit());
    refuse_reserved(&options)?;
    Ok(options)
}

/// Refuses what is ours to say, and what leaves nothing to judge or would end the process inside
/// Goose, past a started server.
fn refuse_reserved(options: &GooseConfiguration) -> Result<(), UsageError> {
    let ours = [
        (options.host.is_some(), "--host"),
        (options.users.is_some(), "--users"),
        (options.run_time.is_some(), "--run-time"),
        (options.scenarios.is_some(), "--scenario"),
        (options.timeout.is_some(), "--timeout"),
        (options.accept_invalid_certs, "--accept-invalid-certs"),
    ];
    if let Some((_, flag)) = ours.iter().find(|(given, _)| *given) {
        return Err(UsageError(format!("give {flag} before `--`: it is not only for Goose")));
    }
    let useless = [
        (options.no_metrics, "--no-metrics"),
        (options.version, "--version"),
        (options.list, "--list"),
        (options.scenarios_list, "--scenarios-list"),
        (options.render_report.is_some(), "--render-report"),
        (options.no_autostart, "--no-autostart"),
    ];
    match useless.iter().find(|(given, _)| *given) {
        Some((_, flag)) => Err(UsageError(format!("{flag} of Goose cannot be used here"))),
        None => Ok(()),
    }
}

fn configuration(
    mut options: GooseConfiguration,
    target: &Target,
    args: &Args,
) -> GooseConfiguration {
    options.host = Some(target.host().to_string());
    options.users = Some(args.users);
    options.run_time = Some(args.run_time.as_secs().to_string());
    if options.increase_rate.is_none() && options.increase_time.is_none() {
        // All within a second: what is set up needs no ramp.
        options.increase_rate = Some(args.users.to_string());
    }
    options.report_file.extend(args.report.iter().map(|file| file.display().to_string()));
    // Anyone who can reach the controllers' ports can steer the run.
    options.no_telnet = true;
    // The summary says it in microseconds.
    options.no_print_metrics = true;
    options.quiet = u8::from(options.verbose == 0);
    options
}

/// Runs the scenarios. An interrupt ends the run early, with what was measured until then.
///
/// # Errors
///
/// Goose refuses an option ([`UsageError`]), or fails in itself, for example to write a report.
pub(crate) async fn attack(
    options: GooseConfiguration,
    args: &Args,
    world: &Arc<World>,
    interrupt: &Interrupt,
) -> anyhow::Result<GooseRun> {
    let mut attack =
        GooseAttack::initialize_with_config(configuration(options, &world.target, args))
            .map_err(refused)?;
    for (users, mut scenario) in scenarios(world) {
        if !args.wait.max.is_zero() {
            scenario = scenario.set_wait_time(args.wait.min, args.wait.max)?;
        }
        attack = attack.register_scenario(scenario.set_weight(users)?);
    }
    let stopper = tokio::spawn(stop_at(interrupt.clone()));
    let outcome = attack.execute().await;
    stopper.abort();
    match outcome {
        Ok(metrics) => Ok(GooseRun { metrics, missed_thresholds: Vec::new() }),
        Err(GooseError::ThresholdsFailed { failed, metrics }) => Ok(GooseRun {
            metrics: *metrics.0,
            missed_thresholds: failed
                .iter()
                .map(|rule| format!("threshold {} missed: {}", rule.rule, rule.observed))
                .collect(),
        }),
        Err(error) => Err(refused(error)),
    }
}

/// Goose's own text names neither the option nor the reason.
fn refused(error: GooseError) -> anyhow::Error {
    match error {
        GooseError::InvalidOption { option, value, detail } => {
            UsageError(format!("Goose refuses {option} {value}: {detail}")).into()
        }
        other => other.into(),
    }
}

/// Tells Goose to stop at an interrupt, and again: it forgets what it was told before it started.
async fn stop_at(interrupt: Interrupt) {
    interrupt.wait().await;
    loop {
        trigger_killswitch("interrupted");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};

    fn options(goose: &[&str]) -> Result<GooseConfiguration, UsageError> {
        let line = ["hallpass-loadtest", "goose", "-u", "4", "--"].iter().chain(goose);
        let Some(Command::Goose(args)) = Cli::try_parse_from(line).unwrap().command else {
            panic!("not goose");
        };
        goose_options(&args)
    }

    #[test]
    fn goose_options_are_passed_on() {
        let options = options(&["--throttle-requests", "50", "--threshold", "p99<5ms"]).unwrap();
        assert_eq!(options.throttle_requests, Some(50));
        assert_eq!(options.threshold, ["p99<5ms"]);
    }

    #[test]
    fn an_option_that_both_know_belongs_before_the_hyphens() {
        let error = options(&["--users", "3"]).err().unwrap();
        assert!(error.0.contains("--users before `--`"), "{error}");
    }

    #[test]
    fn options_that_leave_nothing_to_judge_are_refused() {
        for goose in [["--no-metrics"], ["--list"], ["--scenarios-list"], ["--version"]] {
            assert!(options(&goose).is_err(), "{goose:?}");
        }
    }
}
