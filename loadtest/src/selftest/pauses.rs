//! A server that pauses for half a second every two seconds, and answers at once else: a quarter of the requests
//! wait, each for the rest of its pause.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

use super::delay::{Plain, Unseen};
use super::server::PausingServer;
use super::{Row, heading};
use crate::interrupt::Interrupt;
use crate::open::{Connector, Load, Plan, Work, run};
use crate::sut::TargetArgs;

const EVERY: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(500);
const RATE: f64 = 400.0;
const TIME: Duration = Duration::from_secs(10);
/// How far a figure may be off.
const TOLERANCE: f64 = 0.02;

pub(super) fn check(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let server = PausingServer::start(EVERY, PAUSE)?;
    let connector = Connector::new(&Url::parse(&format!("http://{}", server.address))?, false)?;
    let plan = Plan::constant(vec![Load::constant(RATE)], TIME, args.timeout);
    let work: Arc<dyn Work> = Arc::new(Plain);
    let result = run(&plan, &[work], &connector, interrupt, &mut Unseen)?;
    heading("a server that pauses for 0.5 s every 2 s, at 400 requests per second");
    let latency = &result.total(0).latency;
    let rows = [("p90", 0.9), ("p95", 0.95), ("p99", 0.99)].map(|(what, share)| {
        let truth = truth(share);
        let reported = latency.quantile(share).map(|us| us as f64 / 1e6).unwrap_or_default();
        let off = reported / truth - 1.0;
        Row {
            what,
            truth: format!("{truth:.3} s"),
            reported: format!("{reported:.3} s"),
            distance: format!("{:+.1}%, at most 2%", 100.0 * off),
            right: off.abs() <= TOLERANCE,
        }
    });
    Ok(rows.into())
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
