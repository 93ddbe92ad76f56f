//! Simulated time: what happens when, and the history of it.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;

use super::super::super::history::{Action, Answer, Event};
use super::Fault;
use super::cluster::{NODES, Node};
use super::database::Database;

/// Milliseconds since the start.
pub(super) type Time = u64;
type Step = Box<dyn FnOnce(&mut World)>;

/// New requests begin up to then.
pub(super) const END: Time = 3000;

pub(super) struct World {
    pub(super) fault: Fault,
    pub(super) random: Rng,
    pub(super) now: Time,
    pub(super) database: Database,
    pub(super) nodes: [Node; NODES],
    pub(super) events: Vec<Event>,
    /// In the order of their times, and then of their planning.
    steps: BTreeMap<(Time, u64), Step>,
    planned: u64,
}

impl World {
    pub(super) fn new(fault: Fault, seed: u64) -> Self {
        Self {
            fault,
            random: Rng::with_seed(seed),
            now: 0,
            database: Database::default(),
            nodes: Default::default(),
            events: Vec::new(),
            steps: BTreeMap::new(),
            planned: 0,
        }
    }

    /// Lets something happen after a while.
    pub(super) fn after(&mut self, delay: Time, step: impl FnOnce(&mut World) + 'static) {
        self.planned += 1;
        self.steps.insert((self.now + delay, self.planned), Box::new(step));
    }

    /// The same after as long as a message takes on its way.
    pub(super) fn on_arrival(&mut self, step: impl FnOnce(&mut World) + 'static) {
        let delay = self.random.u64(1..8);
        self.after(delay, step);
    }

    pub(super) fn run(&mut self) {
        while let Some(((time, _), step)) = self.steps.pop_first() {
            self.now = time;
            step(self);
        }
    }

    /// A request begins; the number of its event.
    pub(super) fn begin(&mut self, session: u64, action: Action, node: usize) -> usize {
        let begin = Duration::from_millis(self.now);
        let (answer, end) = (Answer::Unknown, Duration::MAX);
        self.events.push(Event { session, action, answer, node, begin, end });
        self.events.len() - 1
    }

    pub(super) fn end(&mut self, event: usize, answer: Answer) {
        self.events[event].answer = answer;
        self.events[event].end = Duration::from_millis(self.now);
    }
}
