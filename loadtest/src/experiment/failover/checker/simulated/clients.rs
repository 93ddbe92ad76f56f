//! The people who use the cluster: each signs in once, refreshes, and signs out once.

use super::super::super::history::{Action, Answer};
use super::cluster::{self, NODES};
use super::world::{END, World};

/// Somebody who is signed in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client {
    session: u64,
    /// Of the refresh token that they have.
    generation: u64,
    /// When they sign out.
    leaves: u64,
}

impl Client {
    /// Signs in at some time, and tries again until that is acknowledged.
    pub(super) fn start(world: &mut World, session: u64) {
        let (comes, stays) = (world.random.u64(0..END / 3), world.random.u64(0..END / 2));
        let client = Self { session, generation: 0, leaves: comes + stays };
        world.after(comes, move |world| client.sign_in(world));
    }

    fn sign_in(self, world: &mut World) {
        self.ask(world, Action::Login, move |world, answer| match answer {
            Answer::Done => {
                self.verify_now_and_then(world);
                self.go_on(world);
            }
            _ => world.after(20, move |world| self.sign_in(world)),
        });
    }

    /// Refreshes again and again, one request at a time, and signs out when it is time.
    fn go_on(self, world: &mut World) {
        let pause = world.random.u64(0..150);
        world.after(pause, move |world| {
            if world.now >= self.leaves {
                return self.sign_out(world);
            }
            self.ask(world, Action::Refresh, move |world, answer| {
                let replaced = u64::from(answer == Answer::Done);
                Self { generation: self.generation + replaced, ..self }.go_on(world);
            });
        });
    }

    fn verify_now_and_then(self, world: &mut World) {
        let pause = world.random.u64(0..60);
        if world.now < END {
            world.after(pause, move |world| {
                self.ask(world, Action::Verify, |_, _| {});
                self.verify_now_and_then(world);
            });
        }
    }

    /// Signs out, and again until that is acknowledged. Then every node is asked at once.
    fn sign_out(self, world: &mut World) {
        self.ask(world, Action::SignOut, move |world, answer| {
            if answer != Answer::Done && world.now > 2 * END {
                return;
            }
            if answer != Answer::Done {
                return world.after(20, move |world| self.sign_out(world));
            }
            for pause in [1, 10, 100] {
                world.after(pause, move |world| {
                    (0..NODES)
                        .for_each(|node| self.ask_node(world, node, Action::Verify, |_, _| {}));
                });
            }
        });
    }

    fn ask(
        self,
        world: &mut World,
        action: Action,
        then: impl FnOnce(&mut World, Answer) + 'static,
    ) {
        let node = world.random.usize(0..NODES);
        self.ask_node(world, node, action, then);
    }

    fn ask_node(
        self,
        world: &mut World,
        node: usize,
        action: Action,
        then: impl FnOnce(&mut World, Answer) + 'static,
    ) {
        let event = world.begin(self.session, action, node);
        let reply = Box::new(move |world: &mut World, answer| {
            world.on_arrival(move |world| {
                // Some answers are lost on their way.
                let lost = world.random.u8(0..50) == 0;
                let answer = if lost { Answer::Unknown } else { answer };
                world.end(event, answer);
                then(world, answer);
            });
        });
        let Self { session, generation, .. } = self;
        world.on_arrival(move |world| match action {
            Action::Login => cluster::login(world, node, session, reply),
            Action::Verify => cluster::verify(world, node, session, reply),
            Action::Refresh => cluster::refresh(world, node, session, generation, reply),
            Action::SignOut => cluster::sign_out(world, node, session, reply),
        });
    }
}
