//! How many passwords a thread hashes at once, and what they cost.

mod measured;

use std::num::NonZeroU32;
use std::time::Duration;

use hallpass_kdf::Lanes;

use super::pace::Pace;

/// What a password costs, and how much hashing many at once saves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub lanes: Lanes,
    /// The pace with all lanes full.
    pub pace: Pace,
    /// What a password costs with all lanes full, divided by what it costs with each number,
    /// in the order of [`Lanes::steps`].
    pub savings: [f64; Lanes::MOST_STEPS],
}

impl Rates {
    /// The rates if nothing is known but the pace of all lanes.
    pub(super) fn of(lanes: Lanes, pace: Pace) -> Self {
        Self { lanes, pace, savings: [1.0; Lanes::MOST_STEPS] }
    }

    /// The rates if only a few passwords are hashed at once, however many wait.
    pub(super) fn of_a_few(self) -> Self {
        let pace = self.pace.scaled(1.0 / self.savings[0]);
        Self::of(Lanes::always(self.lanes.few()), pace)
    }

    /// Learns from how long a thread took for `jobs` passwords together, of so many iterations.
    pub(super) fn learn(&mut self, run: Duration, jobs: usize, iterations: u32, had_room: bool) {
        let place = self.lanes.step_for(jobs);
        let step = self.lanes.steps()[place];
        // Lanes that nobody is in cost as much as the others, except among a few.
        let taken = if place == 0 { jobs } else { jobs.max(step.lanes) };
        let sample = Pace::measured(run, taken, iterations).scaled(self.savings[place]);
        let batches = (jobs as f64 / self.lanes.few() as f64).max(1.0);
        self.pace.learn(sample, batches, had_room);
    }
}

/// A larger number of passwords at once must cost at most this part of what the next smaller one
/// costs. Otherwise waiting for a full batch is not worth it.
const WORTH: f64 = 0.9;

/// The longest that a full batch may take. Otherwise the first in the queue waits too long for the
/// others.
const PATIENCE: Duration = Duration::from_secs(1);

/// Measures what passwords of so many iterations cost on this machine. It is a first guess, and
/// quick enough for every start.
pub(super) fn measure(lanes: Lanes, iterations: NonZeroU32) -> Rates {
    let rates = choose(lanes, &measured::paces(lanes), iterations);
    let hash = rates.pace.time(1, iterations.get(), 1);
    let lanes = rates.lanes.steps();
    tracing::info!(?lanes, ?hash, "measured what hashing costs");
    rates
}

/// Which of these numbers of lanes are worth it, given the pace of each.
fn choose(candidates: Lanes, paces: &[Pace], iterations: NonZeroU32) -> Rates {
    let (mut lanes, mut chosen) = (Lanes::always(candidates.few()), vec![paces[0]]);
    for (step, &pace) in candidates.steps().iter().zip(paces).skip(1) {
        let best = chosen[chosen.len() - 1];
        let takes = pace.time(step.lanes, iterations.get(), 1);
        if pace.over(best) <= WORTH && takes <= PATIENCE {
            let cost = step.lanes as f64 * pace.over(best);
            // Full lanes cost less than the smaller numbers do for so many, at the latest.
            let is_cheaper = |&waiting: &usize| cost < cost_of(waiting, lanes, &chosen, best);
            let from = (lanes.most() + 1..step.lanes).find(is_cheaper).unwrap_or(step.lanes);
            lanes = lanes.and(step.lanes, from);
            chosen.push(pace);
        }
    }
    let pace = chosen[chosen.len() - 1];
    let mut rates = Rates::of(lanes, pace);
    for (saving, &of_step) in rates.savings.iter_mut().zip(&chosen) {
        *saving = pace.over(of_step);
    }
    rates
}

/// What `waiting` passwords cost with these numbers of lanes, in passwords of the pace `unit`.
fn cost_of(mut waiting: usize, lanes: Lanes, paces: &[Pace], unit: Pace) -> f64 {
    let mut cost = 0.0;
    while waiting > 0 {
        let place = lanes.step_for(waiting);
        let jobs = lanes.at_once(waiting);
        let taken = if place == 0 { jobs } else { lanes.steps()[place].lanes };
        cost += taken as f64 * paces[place].over(unit);
        waiting -= jobs;
    }
    cost
}

#[cfg(test)]
mod tests;
