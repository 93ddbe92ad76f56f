//! Requests that any server understands, and runs of them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response};
use reqwest::Url;

use crate::interrupt::Interrupt;
use crate::open::{Connector, Glance, Observer, Plan, RunResult, Work, run};
use crate::sut::{Failure, Outcome};

/// A request that any server understands.
#[derive(Debug)]
pub(super) struct Plain;

impl Work for Plain {
    fn name(&self) -> &str {
        "plain"
    }

    fn request(&self, _: u64) -> Result<Request<Bytes>, Failure> {
        Ok(Request::new(Bytes::new()))
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

/// Carries out a plan of one stream of requests on the server at this address.
pub(super) fn run_plan(
    plan: &Plan,
    work: impl Work + 'static,
    address: SocketAddr,
    interrupt: &Interrupt,
) -> anyhow::Result<RunResult> {
    let connector = Connector::new(&[Url::parse(&format!("http://{address}"))?], false)?;
    let work: Arc<dyn Work> = Arc::new(work);
    run(plan, &[work], &connector, interrupt, &mut Unseen)
}
