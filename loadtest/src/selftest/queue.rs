//! Queues whose times follow by arithmetic. One server does a fixed number of requests per second;
//! people arrive at random at the other's two counters (M/D/c).

use std::time::Duration;

use super::plain::{Plain, run_plan};
use super::row::{Row, heading};
use super::server::CounterServer;
use crate::interrupt::Interrupt;
use crate::open::{Load, Plan, Spacing, arrivals, judge};
use crate::stats::quantile;
use crate::sut::TargetArgs;
use crate::verdict::Verdict;

/// What the first server can do per second, and what it is asked for.
const CAPACITY: u32 = 200;
const ASKED: f64 = 250.0;
/// The second server.
const COUNTERS: usize = 2;
const SERVICE: Duration = Duration::from_millis(10);
const RATE: f64 = 150.0;
const TIME: Duration = Duration::from_secs(10);
/// How far a figure may be off: a share of it, and the way there and back with two threads that are
/// woken.
const TOLERANCE: f64 = 0.02;
const WAY: Duration = Duration::from_micros(600);

/// More arrives than the server does.
pub(super) fn too_much(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let server = CounterServer::start(1, Duration::from_secs(1) / CAPACITY)?;
    let plan = Plan::constant(vec![Load::constant(ASKED)], TIME, args.timeout);
    let result = run_plan(&plan, Plain, server.address, interrupt)?;
    heading("a server that does 200 requests per second, asked for 250 for 10 s");
    let served = result.total(0).in_time.served() as f64 / result.measured().as_secs_f64();
    let truth = f64::from(CAPACITY);
    let off = served / truth - 1.0;
    let judgment = judge(&result, &[], None);
    let keeps_up = judgment.slos.iter().any(|slo| slo.slo == "keeps up" && slo.held);
    Ok(vec![
        Row {
            what: "answered per second",
            truth: format!("{truth:.1}"),
            reported: format!("{served:.1}"),
            distance: format!("{:+.1}%, at most 2%", 100.0 * off),
            right: off.abs() <= TOLERANCE,
        },
        Row {
            what: "keeps up",
            truth: "no".to_owned(),
            reported: if keeps_up { "yes" } else { "no" }.to_owned(),
            distance: "the same".to_owned(),
            right: !keeps_up && judgment.ending.verdict != Verdict::Pass,
        },
    ])
}

/// People arrive at random at two counters.
pub(super) fn random(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let server = CounterServer::start(COUNTERS, SERVICE)?;
    let plan = Plan {
        spacing: Spacing::Poisson,
        ..Plan::constant(vec![Load::constant(RATE)], TIME, args.timeout)
    };
    let result = run_plan(&plan, Plain, server.address, interrupt)?;
    heading("two counters of 10 ms each, 150 random arrivals per second for 10 s");
    let truth = latencies(&arrivals(&plan), COUNTERS, SERVICE);
    let latency = &result.total(0).latency;
    let truth: Vec<f64> = truth.iter().map(|time| time.as_secs_f64() * 1e6).collect();
    let at = |share| (quantile(&truth, share), latency.quantile(share).unwrap_or_default() as f64);
    let mean = truth.iter().sum::<f64>() / truth.len().max(1) as f64;
    let row = |(what, (truth, reported)): (_, (f64, f64))| {
        Row::time(what, truth, reported, TOLERANCE * truth + WAY.as_micros() as f64)
    };
    let mean = (mean, latency.mean().unwrap_or(0.0));
    Ok([("p50", at(0.5)), ("p99", at(0.99)), ("mean", mean)].map(row).into())
}

/// How long each of these arrivals takes in all, in ascending order: each waits for the first
/// counter that is free (Lindley's recursion).
fn latencies(arrivals: &[Duration], counters: usize, service: Duration) -> Vec<Duration> {
    let mut free_at = vec![Duration::ZERO; counters.max(1)];
    let mut latencies: Vec<Duration> = arrivals
        .iter()
        .filter_map(|arrival| {
            let first = free_at.iter_mut().min()?;
            *first = (*first).max(*arrival) + service;
            Some(*first - *arrival)
        })
        .collect();
    latencies.sort_unstable();
    latencies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_counter_has_the_mean_wait_that_is_in_every_book() {
        // M/D/1: rho * service / (2 * (1 - rho)).
        let load = vec![Load::constant(50.0)];
        let plan = Plan {
            spacing: Spacing::Poisson,
            ..Plan::constant(load, Duration::from_secs(20_000), Duration::ZERO)
        };
        let latencies = latencies(&arrivals(&plan), 1, SERVICE);
        let mean = latencies.iter().sum::<Duration>().as_secs_f64() / latencies.len() as f64;
        assert!((mean - 0.015).abs() < 0.0002, "{mean}");
    }
}
