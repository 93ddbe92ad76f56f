//! The machine that the load tester runs on: what other processes and other virtual machines take
//! of it, how fast it computes, and its clock.

mod clock;
mod contention;
mod counters;
pub(crate) mod speed;
mod steal;

pub(crate) use clock::wall_clock;
#[cfg(test)]
pub(crate) use contention::MOST_OTHERS;
pub(crate) use contention::{Reading, Readings, Shares};
pub(crate) use counters::{Place, read};
pub(crate) use steal::Steal;
