//! Which connections are idle, and since when.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// The connections of a listener that closes idle ones to make room, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Idlers {
    next: AtomicU64,
    open: Mutex<HashMap<u64, Idler>>,
}

#[derive(Debug)]
struct Idler {
    /// None while a request is answered.
    since: Option<Instant>,
    cut: Arc<Notify>,
}

impl Idlers {
    /// Adds a connection. It is idle until its first request.
    pub(super) fn add(self: &Arc<Self>) -> Membership {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let cut = Arc::new(Notify::new());
        let idler = Idler { since: Some(Instant::now()), cut: Arc::clone(&cut) };
        self.lock().insert(number, idler);
        Membership { idlers: Arc::clone(self), number, cut }
    }

    /// Ends the connection that has been idle for longest, if any is idle.
    pub(super) fn cut_longest(&self) {
        let idlers = self.lock();
        let idle = idlers.values().filter_map(|idler| Some((idler.since?, &idler.cut)));
        if let Some((_, cut)) = idle.min_by_key(|(since, _)| *since) {
            cut.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Idler>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the connections.
#[derive(Debug)]
pub(super) struct Membership {
    idlers: Arc<Idlers>,
    number: u64,
    cut: Arc<Notify>,
}

impl Membership {
    /// A request has come.
    pub(super) fn is_busy(&self) {
        self.set(None);
    }

    /// Its answer is there.
    pub(super) fn is_idle(&self) {
        self.set(Some(Instant::now()));
    }

    /// Waits until this connection has to end.
    pub(super) async fn cut(&self) {
        self.cut.notified().await;
    }

    fn set(&self, since: Option<Instant>) {
        if let Some(idler) = self.idlers.lock().get_mut(&self.number) {
            idler.since = since;
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.idlers.lock().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_one_has_to_go_and_a_busy_one_never() {
        let idlers = Arc::new(Idlers::default());
        let mut members = Vec::new();
        for _ in 1..=3 {
            members.push(idlers.add());
            advance(Duration::from_secs(1)).await;
        }
        let is_cut = |n: usize| members[n].cut().now_or_never().is_some();
        // The first connection is busy. The second one became busy after the third one came.
        members[0].is_busy();
        members[1].is_busy();
        members[1].is_idle();
        idlers.cut_longest();
        assert!(!is_cut(0) && !is_cut(1) && is_cut(2));
        members[1].is_busy();
        members[2].is_busy();
        idlers.cut_longest();
        assert!(!is_cut(0) && !is_cut(1) && !is_cut(2));
    }
}
