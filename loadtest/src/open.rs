//! The open loop: requests arrive at a given rate, whatever becomes of those before them, as those
//! of many independent people do. Each is timed from its intended start, so that a stall of the
//! server counts for every request that it kept waiting (no coordinated omission).
//!
//! An experiment builds a [`Plan`], gives [`run()`] one [`Work`] for each stream of requests, and
//! reads the [`RunResult`].

mod backlog;
mod connect;
mod connector;
mod console;
mod engine;
mod json;
mod judge;
mod kept;
mod ledger;
mod live;
mod observer;
mod pacer;
mod pictures;
mod plan;
mod requests;
mod result;
mod run;
mod schedule;
mod second_factor;
mod send;
mod slot;
mod stage;
mod tables;
#[cfg(test)]
mod tests;
mod tls;
mod work;
pub(crate) use connect::{Connection, Unanswered};
pub(crate) use connector::Connector;
pub(crate) use console::Console;
pub(crate) use json::{OpenJson, requests};
pub(crate) use judge::{Judgment, faults, judge};
pub(crate) use live::Glance;
pub(crate) use observer::Observer;
pub(crate) use pictures::{over_time, pictures, starts};
pub(crate) use plan::{Load, Phase, Plan, Spacing};
pub(crate) use result::{RunResult, Sample, Second, SecondTally};
pub(crate) use run::run;
#[cfg(test)]
pub(crate) use schedule::Arrival;
pub(crate) use schedule::arrivals;
pub(crate) use stage::Stage;
pub(crate) use tables::{summary, tables};
pub(crate) use work::Work;
