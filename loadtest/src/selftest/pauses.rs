//! A server that pauses for half a second every two seconds, and otherwise answers at once. A
//! quarter of the requests wait, each for the rest of its pause.

use std::time::Duration;

use super::plain::{Plain, run_plan};
use super::row::{Row, heading};
use super::server::PausingServer;
use crate::interrupt::Interrupt;
use crate::open::{Load, Plan};
use crate::sut::TargetArgs;

const EVERY: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(500);
const RATE: f64 = 400.0;
const TIME: Duration = Duration::from_secs(10);
/// How far a figure may be off.
const TOLERANCE: f64 = 0.02;

pub(super) fn check(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let server = PausingServer::start(EVERY, PAUSE)?;
    let plan = Plan::constant(vec![Load::constant(RATE)], TIME, args.timeout);
    let result = run_plan(&plan, Plain, server.address, interrupt)?;
    heading("a server that pauses for 0.5 s every 2 s, at 400 requests per second");
    let latency = &result.total(0).latency;
    let row = |(what, share)| Row::seconds(what, truth(share), latency.quantile(share), TOLERANCE);
    Ok([("p90", 0.9), ("p95", 0.95), ("p99", 0.99)].map(row).into())
}

/// The latency that this share of the requests does not exceed, in seconds.
fn truth(share: f64) -> f64 {
    (PAUSE.as_secs_f64() - (1.0 - share) * EVERY.as_secs_f64()).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_waits_and_the_slowest_hundredth_for_nearly_all_of_a_pause() {
        for (share, seconds) in [(0.75, 0.0), (0.9, 0.3), (0.95, 0.4), (0.99, 0.48)] {
            assert!((truth(share) - seconds).abs() < 1e-9, "{share}");
        }
    }
}
