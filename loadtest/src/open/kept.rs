//! The connections that a slot keeps: at most one to each host.

use std::future::poll_fn;
use std::task::Poll;

use super::connect::Connection;

/// Kept connections, by the number of their host.
pub(super) struct Kept(Vec<Option<Connection>>);

impl Kept {
    /// None yet, to so many hosts.
    pub(super) fn new(hosts: usize) -> Self {
        Self((0..hosts).map(|_| None).collect())
    }

    /// The connection to a host, if there is one.
    pub(super) fn to(&mut self, host: usize) -> &mut Option<Connection> {
        &mut self.0[host]
    }

    /// Waits until a host ends one of the idle connections, and lets go of it.
    pub(super) async fn one_ended(&mut self) {
        poll_fn(|context| {
            let mut one = Poll::Pending;
            for kept in &mut self.0 {
                if kept.as_mut().is_some_and(|open| open.poll_ended(context).is_ready()) {
                    *kept = None;
                    one = Poll::Ready(());
                }
            }
            one
        })
        .await;
    }
}
