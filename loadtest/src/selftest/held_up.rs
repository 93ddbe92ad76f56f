//! A generator that is held up: what it reports is not true of the server, and it must say so.

use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};

use super::plain::{Plain, run_plan};
use super::row::{Row, heading};
use super::server::DelayServer;
use crate::interrupt::Interrupt;
use crate::open::{Load, Plan, Work, judge};
use crate::sut::{Failure, Outcome, TargetArgs};
use crate::verdict::Verdict;

const RATE: f64 = 100.0;
const TIME: Duration = Duration::from_secs(4);
const HELD_UP: Duration = Duration::from_millis(300);
/// Far more than a neighbour of the machine's holds it up for, and one distance between requests.
const LATE_AFTER: Duration = Duration::from_millis(10);
/// The request before which the generator is held up.
const BEFORE: u64 = 200;

pub(super) fn check(args: &TargetArgs, interrupt: &Interrupt) -> anyhow::Result<Vec<Row>> {
    let server = DelayServer::start(Duration::ZERO)?;
    let plan = Plan {
        late_after: LATE_AFTER,
        ..Plan::constant(vec![Load::constant(RATE)], TIME, args.timeout)
    };
    let result = run_plan(&plan, HoldingUp, server.address, interrupt)?;
    heading("a generator that is held up for 300 ms of a 4 s run at 100 requests per second");
    let verdict = judge(&result, &[], None).ending.verdict;
    let late = result.total(0).late;
    // It is behind with those that were due meanwhile, give or take the one at each end.
    let due = (RATE * (HELD_UP - LATE_AFTER).as_secs_f64()).round() as u64;
    let truth = (due.to_string(), "from 90% to 150% of it");
    let requests = Row::within("requests that were late", truth, late, due * 9 / 10..=due * 3 / 2);
    Ok(vec![requests, Row::same("verdict", &Verdict::Invalid, &verdict)])
}

/// Requests, before one of which the generator's thread sleeps.
#[derive(Debug)]
struct HoldingUp;

impl Work for HoldingUp {
    fn name(&self) -> &str {
        Plain.name()
    }

    fn request(&self, number: u64) -> Result<Request<Bytes>, Failure> {
        if number == BEFORE {
            thread::sleep(HELD_UP);
        }
        Plain.request(number)
    }

    fn read(&self, n: u64, answer: &Response<Bytes>, at: Instant) -> Result<Outcome, Failure> {
        Plain.read(n, answer, at)
    }
}
