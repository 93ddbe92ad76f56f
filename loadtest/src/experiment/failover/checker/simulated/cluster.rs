//! The nodes: how they learn of changes, and how they answer.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::history::Answer;
use super::Fault;
use super::world::{END, Time, World};

pub(super) const NODES: usize = 3;
/// How long a node trusts its memory after the beginning of its last poll.
const LEASE: Time = 300;
/// How long a sign-out waits for nodes that say nothing.
const LEASE_AND_MORE: Time = LEASE + LEASE / 100;
const POLL_EVERY: Time = 40;

#[derive(Debug, Default)]
pub(super) struct Node {
    /// Sessions that it knows to be good.
    cache: BTreeSet<u64>,
    /// How many changes of each session it has applied.
    versions: BTreeMap<u64, u64>,
    applied: u64,
    trusts_until: Time,
    /// The same by a timer.
    flag: bool,
    stopped_until: Time,
    cut_off_until: Time,
}

/// What becomes of a request.
pub(super) type Reply = Box<dyn FnOnce(&mut World, Answer)>;

/// Starts the nodes, and plans what happens to them and to the primary.
pub(super) fn start(world: &mut World) {
    for node in 0..NODES {
        poll(world, node);
        let (at, length) = (world.random.u64(0..END), world.random.u64(0..3 * LEASE));
        match world.random.u8(0..3) {
            0 => world.after(at, move |w| w.nodes[node].stopped_until = w.now + length),
            1 => world.after(at, move |w| w.nodes[node].cut_off_until = w.now + length),
            _ => {}
        }
    }
    if world.random.bool() {
        let at = world.random.u64(0..END);
        world.after(at, World::fail_over);
    }
}

impl World {
    /// Does something on a node, as soon as that runs.
    fn on_node(&mut self, node: usize, step: impl FnOnce(&mut World) + 'static) {
        let wait = self.nodes[node].stopped_until.saturating_sub(self.now);
        if wait == 0 {
            return step(self);
        }
        self.after(wait, move |world| world.on_node(node, step));
    }

    /// Sends a statement from a node to the database. `step` learns whether there is one.
    fn ask_database(&mut self, node: usize, step: impl FnOnce(&mut World, bool) + 'static) {
        self.on_arrival(move |world| {
            let cut_off = world.nodes[node].cut_off_until > world.now;
            let there = !cut_off && !world.database.is_down;
            step(world, there);
        });
    }

    /// An answer of the database on its way to a node.
    fn back(&mut self, node: usize, step: impl FnOnce(&mut World) + 'static) {
        self.on_arrival(move |world| world.on_node(node, step));
    }

    fn trusts(&self, node: usize) -> bool {
        let it = &self.nodes[node];
        if self.fault == Fault::TrustsTimer { it.flag } else { self.now < it.trusts_until }
    }
}

/// A node says what it has applied, and learns what is newer; again and again.
fn poll(world: &mut World, node: usize) {
    if world.now > END + 3 * LEASE {
        return;
    }
    let pause = world.random.u64(POLL_EVERY / 2..POLL_EVERY * 2);
    world.after(pause, move |world| world.on_node(node, move |world| poll(world, node)));
    let (read, said) = (world.now, world.nodes[node].applied);
    world.ask_database(node, move |world, there| {
        if !there {
            return;
        }
        let changes = world.database.visible(world.fault).changes.clone();
        world.database.rows.applied[node] = said;
        world.commit(move |world, confirmed| {
            if confirmed {
                world.back(node, move |world| polled(world, node, read, changes));
            }
        });
    });
}

fn polled(world: &mut World, node: usize, read: Time, changes: Vec<(u64, u64)>) {
    let it = &mut world.nodes[node];
    let before = it.applied;
    for (number, session) in changes.into_iter().filter(|(number, _)| *number > before) {
        it.cache.remove(&session);
        *it.versions.entry(session).or_default() += 1;
        it.applied = it.applied.max(number);
    }
    let until = it.trusts_until.max(read + LEASE);
    it.trusts_until = until;
    it.flag = until > world.now;
    // Timers fire late, and those of a stopped process not at all.
    let fires = until.saturating_sub(world.now) + world.random.u64(0..200);
    world.after(fires, move |world| {
        world.on_node(node, move |world| {
            let it = &mut world.nodes[node];
            it.flag = it.flag && world.now < it.trusts_until;
        });
    });
}

/// A node is asked whether a session is good.
pub(super) fn verify(world: &mut World, node: usize, session: u64, reply: Reply) {
    world.on_node(node, move |world| {
        if !world.trusts(node) {
            return reply(world, Answer::Unknown);
        }
        // A cache is small: what was in it may be gone.
        let evicted = world.random.u8(0..4) == 0;
        if !evicted && world.nodes[node].cache.contains(&session) {
            return reply(world, Answer::Done);
        }
        let version = world.nodes[node].version(session);
        world.ask_database(node, move |world, there| {
            let rows = world.database.visible(world.fault);
            let ended = rows.sessions.get(&session).is_none_or(|it| it.ended);
            let slowly = world.random.u64(0..60);
            world.after(slowly, move |world| {
                world.on_node(node, move |world| {
                    let checked = world.fault == Fault::ChecksBeforeAwait
                        || (world.trusts(node) && world.nodes[node].version(session) == version);
                    let answer = match (there && checked, ended) {
                        (false, _) => Answer::Unknown,
                        (true, true) => Answer::Refused,
                        (true, false) => Answer::Done,
                    };
                    if answer == Answer::Done {
                        world.nodes[node].cache.insert(session);
                    }
                    reply(world, answer);
                });
            });
        });
    });
}

/// A node is asked to change something in the database. The change says what the answer is, and
/// the answer goes out when it is confirmed and `waits` for its number has ended.
fn write(
    world: &mut World,
    node: usize,
    change: impl FnOnce(&mut World) -> (Answer, u64) + 'static,
    reply: Reply,
) {
    world.on_node(node, move |world| {
        world.ask_database(node, move |world, there| {
            if !there {
                return world.back(node, move |world| reply(world, Answer::Unknown));
            }
            let (answer, number) = change(world);
            world.commit(move |world, confirmed| {
                world.back(node, move |world| match confirmed {
                    true => wait(world, node, number, world.now, answer, reply),
                    false => reply(world, Answer::Unknown),
                });
            });
        });
    });
}

/// Waits until every node has applied a number, or has not for so long that it trusts its memory no
/// more.
fn wait(world: &mut World, node: usize, number: u64, since: Time, answer: Answer, reply: Reply) {
    let rows = world.database.visible(world.fault);
    let applied = rows.applied.iter().all(|applied| *applied >= number);
    let waited = world.now >= since + LEASE_AND_MORE;
    if applied || waited || world.fault == Fault::AcknowledgesEarly {
        return reply(world, answer);
    }
    world.after(5, move |world| {
        world.on_node(node, move |world| wait(world, node, number, since, answer, reply));
    });
}

/// Makes a session.
pub(super) fn login(world: &mut World, node: usize, session: u64, reply: Reply) {
    let change = move |world: &mut World| {
        world.database.rows.sessions.entry(session).or_default();
        (Answer::Done, 0)
    };
    write(world, node, change, reply);
}

/// Ends a session. A repeated sign-out waits for the same number.
pub(super) fn sign_out(world: &mut World, node: usize, session: u64, reply: Reply) {
    if world.fault == Fault::NumbersTwice {
        return sign_out_with_a_number_of_before(world, node, session, reply);
    }
    let change = move |world: &mut World| {
        let next = world.database.rows.number + 1;
        world.database.rows.end(session, next)
    };
    write(world, node, change, reply);
}

/// The same with a number that is read long before it is written.
fn sign_out_with_a_number_of_before(world: &mut World, node: usize, session: u64, reply: Reply) {
    world.ask_database(node, move |world, _| {
        let next = world.database.visible(world.fault).number + 1;
        let change = move |world: &mut World| world.database.rows.end(session, next);
        write(world, node, change, reply);
    });
}

/// Exchanges the refresh token of this generation for the next one.
pub(super) fn refresh(world: &mut World, node: usize, session: u64, generation: u64, reply: Reply) {
    let change = move |world: &mut World| {
        let forgets = world.fault == Fault::ForgetsPredecessor;
        let next = world.database.rows.number + 1;
        match world.database.rows.rotate(session, generation, forgets) {
            true => (Answer::Done, 0),
            false => (Answer::Refused, world.database.rows.end(session, next).1),
        }
    };
    write(world, node, change, reply);
}

impl Node {
    fn version(&self, session: u64) -> u64 {
        self.versions.get(&session).copied().unwrap_or_default()
    }
}
