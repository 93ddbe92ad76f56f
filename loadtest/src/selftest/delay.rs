//! A server that takes a fixed time and measures that itself.
//!
//! What lies between its measure and the generator's is the way there and back, and on this side of it
//! all that the generator adds: its clock, its connection, its reading of the answer. Neither side sleeps: what
//! a virtual machine takes to wake a thread, up to 0.2 ms, depends on the machine and would hide the rest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use reqwest::Url;

use super::polling::PollingServer;
use super::{Row, heading};
use crate::interrupt::Interrupt;
use crate::open::{Connector, Glance, Load, Observer, Plan, Work, run};
use crate::report::time;
use crate::sut::{Failure, Outcome, TargetArgs};

const DELAY: Duration = Duration::from_millis(1);
const RATE: f64 = 1000.0;
const TIME: Duration = Duration::from_secs(10);
/// How far the median may be off, in microseconds: the way there and back.
const TOLERANCE_US: f64 = 100.0;

pub(super) fn check(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let server = PollingServer::start(DELAY)?;
    let connector = Connector::new(&Url::parse(&format!("http://{}", server.address))?, false)?;
    let plan =
        Plan { busy_wait: true, ..Plan::constant(vec![Load::constant(RATE)], TIME, args.timeout) };
    let work: Arc<dyn Work> = Arc::new(Plain);
    let result = run(&plan, &[work], &connector, interrupt, &mut Unseen)?;
    heading(
        "a server that takes 1 ms for each answer and measures that itself, at 1000 requests per second",
    );
    let total = result.total(0);
    let median = |times: &crate::histogram::Times| times.quantile(0.5).unwrap_or_default() as f64;
    let truth = median(&server.taken());
    let row = |what, reported: f64| {
        let off = reported - truth;
        Row {
            what,
            truth: time(truth),
            reported: time(reported),
            distance: format!("{off:+.0} us, at most {TOLERANCE_US:.0} us"),
            right: off.abs() <= TOLERANCE_US,
        }
    };
    Ok(vec![
        row("median service time", median(&total.service)),
        row("median latency", median(&total.latency)),
    ])
}

/// A request that any server understands.
#[derive(Debug)]
pub(super) struct Plain;

impl Work for Plain {
    fn name(&self) -> &str {
        "plain"
    }

    fn request(&self, _: u64) -> Request<Bytes> {
        Request::new(Bytes::new())
    }

    fn read(&self, _: u64, answer: &Response<Bytes>, _: Instant) -> Result<Outcome, Failure> {
        match answer.status().is_success() {
            true => Ok(Outcome::Ok),
            false => Err(Failure::new(Outcome::Unexpected, answer.status().as_str(), "")),
        }
    }
}

/// Nobody watches.
pub(super) struct Unseen;

impl Observer for Unseen {
    fn started(&mut self) {}

    fn tick(&mut self, _: &Glance) {}
}
