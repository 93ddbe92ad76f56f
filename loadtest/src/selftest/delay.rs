//! A server that takes a fixed time and measures that itself.
//!
//! The difference between its measure and the generator's is the way there and back, and what the
//! generator adds. Neither side sleeps. Waking a thread takes up to 0.2 ms on a virtual machine,
//! and would hide the rest.

use std::time::Duration;

use super::plain::{Plain, run_plan};
use super::polling::PollingServer;
use super::row::{Row, heading};
use crate::histogram::Times;
use crate::interrupt::Interrupt;
use crate::open::{Load, Plan};
use crate::sut::TargetArgs;

const DELAY: Duration = Duration::from_millis(1);
const RATE: f64 = 1000.0;
const TIME: Duration = Duration::from_secs(10);
/// How far the median may be off, in microseconds: the way there and back.
const TOLERANCE_US: f64 = 100.0;

pub(super) fn check(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let server = PollingServer::start(DELAY)?;
    let plan =
        Plan { busy_wait: true, ..Plan::constant(vec![Load::constant(RATE)], TIME, args.timeout) };
    let result = run_plan(&plan, Plain, server.address, interrupt)?;
    heading(
        "a server that takes 1 ms for each answer and measures that itself, at 1000 requests per second",
    );
    let total = result.total(0);
    let median = |times: &Times| times.quantile(0.5).unwrap_or_default() as f64;
    let truth = median(&server.taken());
    let row = |what, times| Row::time(what, truth, median(times), TOLERANCE_US);
    Ok(vec![row("median service time", &total.service), row("median latency", &total.latency)])
}
