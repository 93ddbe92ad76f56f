//! The shared database: a primary that dies once, and its synchronous standby.

use std::collections::BTreeMap;

use super::super::super::history::Answer;
use super::Fault;
use super::cluster::NODES;
use super::world::{Time, World};

/// What is stored.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) sessions: BTreeMap<u64, Session>,
    /// The number of the last change.
    pub(super) number: u64,
    /// Number and session of each change.
    pub(super) changes: Vec<(u64, u64)>,
    /// Up to which number each node has applied the changes.
    pub(super) applied: [u64; NODES],
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Session {
    pub(super) ended: bool,
    /// Of the refresh token.
    pub(super) generation: u64,
}

#[derive(Debug, Default)]
pub(super) struct Database {
    /// What the primary has, confirmed or not.
    pub(super) rows: Rows,
    /// What the standby has.
    standby: Rows,
    standby_at: Time,
    /// How many primaries have died.
    timeline: u32,
    pub(super) is_down: bool,
}

impl Rows {
    /// Ends a session under this number, unless it has ended; and the number to wait for.
    pub(super) fn end(&mut self, session: u64, next: u64) -> (Answer, u64) {
        let Some(it) = self.sessions.get_mut(&session) else { return (Answer::Refused, 0) };
        if !std::mem::replace(&mut it.ended, true) {
            self.number = self.number.max(next);
            self.changes.push((next, session));
        }
        let number = self.changes.iter().find(|(_, of)| *of == session).map(|(number, _)| *number);
        (Answer::Done, number.unwrap_or_default())
    }

    /// Whether the token of this generation may be exchanged; then its successor is the one that
    /// counts. The predecessor gets the same one again, and one that is ahead of what is stored was
    /// acknowledged by a primary that is gone.
    pub(super) fn rotate(&mut self, session: u64, generation: u64, forgets: bool) -> bool {
        let Some(it) = self.sessions.get_mut(&session).filter(|it| !it.ended) else { return false };
        let predecessor = generation + 1 == it.generation;
        let current = generation == it.generation || generation == it.generation + 1;
        if current {
            it.generation = generation + 1;
        }
        current || (predecessor && !forgets)
    }
}

impl Database {
    /// What a transaction sees: nothing that is not confirmed.
    pub(super) fn visible(&self, fault: Fault) -> &Rows {
        if fault == Fault::CommitsAlone { &self.rows } else { &self.standby }
    }
}

impl World {
    /// Confirms what the primary has, once the standby has it too. `then` learns whether that is
    /// known; after the primary's death it is not.
    pub(super) fn commit(&mut self, then: impl FnOnce(&mut World, bool) + 'static) {
        let (rows, timeline) = (self.database.rows.clone(), self.database.timeline);
        let arrives = (self.now + self.random.u64(1..20)).max(self.database.standby_at);
        self.database.standby_at = arrives;
        let replicate = move |world: &mut World| {
            let same = world.database.timeline == timeline;
            if same {
                world.database.standby = rows;
            }
            same
        };
        if self.fault == Fault::CommitsAlone {
            self.after(arrives - self.now, move |world| {
                replicate(world);
            });
            return then(self, true);
        }
        self.after(arrives - self.now, move |world| {
            let confirmed = replicate(world);
            then(world, confirmed);
        });
    }

    /// The primary dies, and after a while the standby takes over.
    pub(super) fn fail_over(&mut self) {
        self.database.timeline += 1;
        self.database.is_down = true;
        let outage = self.random.u64(50..200);
        self.after(outage, |world| {
            world.database.rows = world.database.standby.clone();
            world.database.is_down = false;
        });
    }
}
