//! Sign-outs that come at the same time are committed together, under one number.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::log::Numbered;
use crate::store::{Moment, SessionId, StoreError};

/// Sessions that end, each with the time.
pub(super) type Ending = BTreeMap<SessionId, Moment>;

/// What came of the commit: what its answers wait for, if there is anything.
pub(super) type Committed = Result<Option<Numbered>, StoreError>;

/// Ends sessions in one transaction.
type Commit = Box<dyn Fn(Ending) -> BoxFuture<'static, Committed> + Send + Sync>;

/// The most sign-outs of one commit.
const MOST: usize = 256;

/// The sign-outs that wait while others are committed.
pub(super) struct SignOuts {
    queue: Mutex<Queue>,
    commit: Commit,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<SignOut>,
    is_worked_on: bool,
}

struct SignOut {
    session: SessionId,
    at: Moment,
    answer: oneshot::Sender<Committed>,
}

impl SignOuts {
    pub(super) fn new(commit: Commit) -> Arc<Self> {
        Arc::new(Self { queue: Mutex::default(), commit })
    }

    /// Ends a session, with those of others who ask meanwhile.
    pub(super) async fn end(self: &Arc<Self>, session: SessionId, at: Moment) -> Committed {
        let committed = self.enqueue(session, at);
        let ended = committed.await.context("the task that ends sessions panicked");
        ended.map_err(StoreError::Unavailable)?
    }

    fn enqueue(self: &Arc<Self>, session: SessionId, at: Moment) -> oneshot::Receiver<Committed> {
        let (answer, committed) = oneshot::channel();
        let mut queue = self.lock();
        queue.waiting.push(SignOut { session, at, answer });
        if !queue.is_worked_on {
            queue.is_worked_on = true;
            tokio::spawn(Arc::clone(self).work());
        }
        committed
    }

    async fn work(self: Arc<Self>) {
        while let Some(batch) = self.next_batch() {
            self.commit_together(batch).await;
        }
    }

    /// What waits; none if nothing does. Then the next sign-out starts the work again.
    fn next_batch(&self) -> Option<Vec<SignOut>> {
        let mut queue = self.lock();
        queue.is_worked_on = !queue.waiting.is_empty();
        let size = queue.waiting.len().min(MOST);
        queue.is_worked_on.then(|| queue.waiting.drain(..size).collect())
    }

    async fn commit_together(self: &Arc<Self>, batch: Vec<SignOut>) {
        let mut ending = Ending::new();
        for SignOut { session, at, .. } in &batch {
            // Of two for one session, the one that is remembered for longer.
            let known = ending.entry(*session).or_insert(*at);
            if known.tokens_expired_at < at.tokens_expired_at {
                *known = *at;
            }
        }
        match (self.commit)(ending).await {
            Ok(numbered) => batch.into_iter().for_each(|one| one.answer_with(Ok(numbered))),
            // It may be the fault of one of them.
            Err(_) if batch.len() > 1 => {
                for one in batch {
                    tokio::spawn(Arc::clone(self).commit_alone(one));
                }
            }
            Err(error) => {
                if let Some(one) = batch.into_iter().next() {
                    one.answer_with(Err(error));
                }
            }
        }
    }

    async fn commit_alone(self: Arc<Self>, one: SignOut) {
        let committed = (self.commit)(Ending::from([(one.session, one.at)])).await;
        one.answer_with(committed);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SignOut {
    fn answer_with(self, committed: Committed) {
        // Whoever asked may be gone.
        let _ = self.answer.send(committed);
    }
}

impl fmt::Debug for SignOuts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignOuts").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
