//! A small cluster in simulated time, with faults that can be switched on: the checker must find
//! each of them, and nothing in a cluster without one.
//!
//! Three nodes share a database with a synchronous standby. Nodes are stopped and cut off, and the
//! primary dies. Everything that happens by chance follows from a seed.

mod clients;
mod cluster;
mod database;
mod world;

use std::ops::Range;

use super::super::history::{Action, Answer, Event};
use super::{Promise, Violation, check};
use clients::Client;
use world::World;

/// What a cluster does wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    None,
    /// A sign-out is acknowledged before the other nodes have applied it.
    AcknowledgesEarly,
    /// A timer's flag says whether a node may trust its memory, in place of the clock.
    TrustsTimer,
    /// A cache miss looks for changes before it waits for the database, and not after.
    ChecksBeforeAwait,
    /// Two changes at once may get the same number.
    NumbersTwice,
    /// A write is acknowledged before the standby has it.
    CommitsAlone,
    /// The predecessor of a refresh token ends the session.
    ForgetsPredecessor,
}

/// The history of a schedule.
fn history(fault: Fault, seed: u64) -> Vec<Event> {
    let mut world = World::new(fault, seed);
    cluster::start(&mut world);
    for session in 0..SESSIONS {
        Client::start(&mut world, session);
    }
    world.run();
    world.events
}

/// So many people use the cluster in each schedule.
const SESSIONS: u64 = 10;

/// A fault has to show in so many schedules.
const SCHEDULES: u64 = 1000;

/// The violations that a fault leads to, one schedule after the other.
fn violations(fault: Fault) -> impl Iterator<Item = Violation> {
    (0..SCHEDULES).flat_map(move |seed| check(&history(fault, seed)))
}

#[test]
fn a_right_cluster_breaks_no_promise() {
    assert_no_promise_broken(0..300);
}

#[test]
#[ignore = "takes minutes; scripts/test has a tenth of it"]
fn a_right_cluster_breaks_no_promise_in_many_schedules() {
    assert_no_promise_broken(300..3300);
}

fn assert_no_promise_broken(seeds: Range<u64>) {
    let mut counts = [0; 3];
    for seed in seeds {
        let history = history(Fault::None, seed);
        assert_eq!(check(&history), [], "seed {seed}");
        for (answer, count) in
            [Answer::Done, Answer::Refused, Answer::Unknown].iter().zip(&mut counts)
        {
            *count += history.iter().filter(|event| event.answer == *answer).count();
        }
    }
    // The schedules reach what they are about.
    assert!(counts.iter().all(|count| *count > 1_000), "{counts:?}");
}

#[test]
fn a_schedule_follows_from_its_seed() {
    assert_eq!(history(Fault::None, 7), history(Fault::None, 7));
    assert_ne!(history(Fault::None, 7), history(Fault::None, 8));
}

/// That the checker finds this fault, and that it breaks this promise and no other.
fn assert_found(fault: Fault, promise: Promise) {
    // The first of them tell enough.
    let found: Vec<_> = violations(fault).take(5).collect();
    assert!(!found.is_empty(), "{fault:?} is not found");
    assert!(found.iter().all(|it| it.promise == promise), "{fault:?}: {:?}", found[0]);
}

#[test]
fn acknowledging_before_applying_is_found() {
    assert_found(Fault::AcknowledgesEarly, Promise::SignedOut);
}

#[test]
fn a_timers_flag_in_place_of_the_clock_is_found() {
    assert_found(Fault::TrustsTimer, Promise::SignedOut);
}

#[test]
fn a_check_before_an_await_is_found() {
    assert_found(Fault::ChecksBeforeAwait, Promise::SignedOut);
}

#[test]
fn a_number_used_twice_is_found() {
    assert_found(Fault::NumbersTwice, Promise::SignedOut);
}

#[test]
fn a_write_that_only_a_dead_primary_had_is_found() {
    for promise in [Promise::Kept, Promise::SignedOut] {
        let is_broken = violations(Fault::CommitsAlone).any(|it| it.promise == promise);
        assert!(is_broken, "{promise:?} is not found");
    }
}

#[test]
fn a_session_that_a_cut_refresh_ends_is_found() {
    assert_found(Fault::ForgetsPredecessor, Promise::CutRefresh);
}

#[test]
fn probes_of_every_node_begin_after_the_acknowledgement() {
    let history = history(Fault::None, 1);
    let signed_out: Vec<&Event> = history
        .iter()
        .filter(|it| it.action == Action::SignOut && it.answer == Answer::Done)
        .collect();
    assert!(!signed_out.is_empty());
    for event in signed_out {
        let probes =
            history.iter().filter(|it| it.session == event.session && it.begin > event.end);
        assert!(probes.count() >= cluster::NODES, "{event:?}");
    }
}
