//! What was measured of isolation.

use super::step::Step;
use crate::experiment::knee::{Found, Limit};

/// What the steps are percents of.
#[derive(Debug)]
pub(super) struct Capacity {
    pub(super) per_s: f64,
    /// How it was found, unless it was given.
    pub(super) found: Option<Found>,
}

impl Capacity {
    /// Whether it is what the server can do, and not what the generator could offer.
    pub(super) fn is_the_servers(&self) -> bool {
        self.found.as_ref().is_none_or(|found| found.bounds.limit != Limit::Generator)
    }
}

/// All that was measured.
#[derive(Debug)]
pub(super) struct IsolateResult {
    /// Verifications per second.
    pub(super) verify_rate: f64,
    /// `None` if it was not found.
    pub(super) capacity: Option<Capacity>,
    pub(super) steps: Vec<Step>,
}
