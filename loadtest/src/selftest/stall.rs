//! A server that is stopped for a while. What that makes of the latencies follows by arithmetic: a
//! request that should have begun `t` before the end of the stall takes `t`.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::anyhow;
use rustix::process::{Pid, Signal, kill_process};

use super::own_server::on_own_server;
use super::row::{Row, heading};
use crate::interrupt::Interrupt;
use crate::open::{Glance, Load, Observer, Plan, run};
use crate::sut::TargetArgs;

const RATE: f64 = 100.0;
const TIME: Duration = Duration::from_secs(20);
const STALL_AFTER: Duration = Duration::from_secs(8);
const STALL: Duration = Duration::from_secs(2);
/// How far a figure may be off.
const TOLERANCE: f64 = 0.05;

pub(super) fn check(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    on_own_server(args, 10, interrupt, |host, stage| {
        let server = host.pid().ok_or_else(|| anyhow!("the server is not one of our own"))?;
        let plan = Plan::constant(vec![Load::constant(RATE)], TIME, args.timeout);
        let mut stopper = Stopper { server, stall: None };
        let result = run(&plan, &[stage.verify()], &stage.connector, interrupt, &mut stopper)?;
        let stalled = stopper.stalled()?;
        heading("a server that is stopped for 2 s of a 20 s run at 100 requests per second");
        let latency = &result.total(0).latency;
        let row = |(what, share)| {
            Row::seconds(what, truth(stalled, share), latency.quantile(share), TOLERANCE)
        };
        Ok([("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999)].map(row).into())
    })
}

/// The latency that this share of the requests does not exceed, in seconds, if the server answers
/// at once but for the stall.
fn truth(stalled: Duration, share: f64) -> f64 {
    let all = RATE * TIME.as_secs_f64();
    let slower = all - (all * share).ceil();
    (stalled.as_secs_f64() - slower / RATE).max(0.0)
}

/// Stops the server a while after the first request.
struct Stopper {
    server: Pid,
    /// How long the stall was.
    stall: Option<JoinHandle<rustix::io::Result<Duration>>>,
}

impl Stopper {
    fn stalled(self) -> anyhow::Result<Duration> {
        let stall = self.stall.ok_or_else(|| anyhow!("no request was due"))?;
        Ok(stall.join().map_err(|_| anyhow!("the thread that stops the server panicked"))??)
    }
}

impl Observer for Stopper {
    fn started(&mut self) {
        eprintln!("run started");
        let server = self.server;
        self.stall = Some(thread::spawn(move || {
            thread::sleep(STALL_AFTER);
            let stopped = Instant::now();
            kill_process(server, Signal::STOP)?;
            thread::sleep(STALL);
            kill_process(server, Signal::CONT)?;
            Ok(stopped.elapsed())
        }));
    }

    fn tick(&mut self, _: &Glance) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_of_two_seconds_makes_the_percentiles_that_everyone_can_compute() {
        // 200 of 2000 requests wait, the longest 2 s, each next one 10 ms less.
        for (share, seconds) in [(0.95, 1.0), (0.99, 1.8), (0.999, 1.98)] {
            assert!((truth(STALL, share) - seconds).abs() < 1e-9, "{share}");
        }
        assert_eq!(truth(STALL, 0.5), 0.0);
    }
}
