//! Waits until all servers have applied a change.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::nodes::outlasting;
use crate::clock::BootTime;

/// How often to look whether the others have applied a change: first, and at most.
const PERIODS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// Reads the last change that all other servers have applied; none if there are no others.
type ReadApplied = Box<dyn Fn() -> BoxFuture<'static, anyhow::Result<Option<i64>>> + Send + Sync>;

/// Those who wait. One task looks for all of them, and only while somebody waits.
pub(super) struct Waits {
    waiting: Mutex<Waiting>,
    read: ReadApplied,
}

#[derive(Default)]
struct Waiting {
    waiters: Vec<Waiter>,
    is_watched: bool,
}

struct Waiter {
    number: i64,
    applied: oneshot::Sender<()>,
}

impl Waits {
    pub(super) fn new(read: ReadApplied) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), read })
    }

    /// Waits until every other server has applied the change with this number, which is committed.
    /// After the longest lease, those that have not refuse to answer.
    pub(super) async fn until_applied(self: &Arc<Self>, number: i64, longest_lease: Duration) {
        let end = BootTime::now().after(outlasting(longest_lease));
        tokio::select! {
            Ok(()) = self.applied(number) => {}
            () = sleep_past(end) => {}
        }
    }

    fn applied(self: &Arc<Self>, number: i64) -> oneshot::Receiver<()> {
        let (applied, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.waiters.push(Waiter { number, applied });
        if !waiting.is_watched {
            waiting.is_watched = true;
            tokio::spawn(Arc::clone(self).watch());
        }
        receiver
    }

    async fn watch(self: Arc<Self>) {
        let mut period = PERIODS.0;
        loop {
            // What is read now counts for those alone who wait already: their changes are
            // committed.
            let mut waiters = std::mem::take(&mut self.lock().waiters);
            waiters.retain(|waiter| !waiter.applied.is_closed());
            if waiters.is_empty() && self.is_over() {
                return;
            }
            let applied = match (self.read)().await {
                Ok(applied) => applied.unwrap_or(i64::MAX),
                Err(error) => {
                    tracing::debug!("can't see what other servers have applied: {error:#}");
                    i64::MIN
                }
            };
            let before = waiters.len();
            for waiter in waiters.extract_if(.., |waiter| waiter.number <= applied) {
                let _ = waiter.applied.send(());
            }
            // Slower while somebody is silent.
            period =
                if waiters.len() < before { PERIODS.0 } else { (period * 5 / 4).min(PERIODS.1) };
            self.lock().waiters.append(&mut waiters);
            sleep(period).await;
        }
    }

    /// Whether nobody waits any more. Then the next one starts the watch again.
    fn is_over(&self) -> bool {
        let mut waiting = self.lock();
        waiting.is_watched = !waiting.waiters.is_empty();
        !waiting.is_watched
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By the clock itself, in case the machine sleeps meanwhile.
async fn sleep_past(end: BootTime) {
    loop {
        let left = end.since(BootTime::now());
        if left.is_zero() {
            return;
        }
        sleep(left.min(Duration::from_secs(1))).await;
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
