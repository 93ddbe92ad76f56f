use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use redb::{Database, ReadableTable as _, TableDefinition, WriteTransaction};
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;

use super::database::Reopening;
use super::failure::{Damaged, is_damage, kind_of};
use super::groups::{Groups, MAX_GROUP, Next};
use super::guard::guarded;
use crate::metrics::StoreMetrics;
use crate::store::error::StoreError;
use crate::traces;

/// How many writes may wait for the thread before a request has to wait for a place.
const QUEUE: usize = 1024;

/// One row, written to see whether writes work. A commit without a change would not sync.
const PROBES: TableDefinition<'_, (), u64> = TableDefinition::new("probes");

/// A write that waits for the thread. It changes the tables, and returns whether the group may be
/// committed and how to answer the caller.
type Write = Box<dyn FnOnce(&WriteTransaction) -> (anyhow::Result<()>, Acknowledge) + Send>;

/// Answers the caller of a write; takes what became of the commit.
type Acknowledge = Box<dyn FnOnce(&anyhow::Result<()>) + Send>;

/// How the last commit ended.
#[derive(Debug, Default)]
struct LastCommit {
    failed: AtomicBool,
    /// It failed, and will until a person has mended something.
    needs_mending: AtomicBool,
}

impl LastCommit {
    fn note(&self, outcome: &anyhow::Result<()>) {
        self.needs_mending.store(outcome.as_ref().is_err_and(is_damage), Ordering::Relaxed);
        self.failed.store(outcome.is_err(), Ordering::Relaxed);
    }
}

/// The one thread that writes. redb has a single writer and a durable commit costs an fsync, so
/// all the writes that wait are committed together, and each is acknowledged after that commit.
///
/// Once no more come, it makes a checkpoint. A start after a crash then takes as long as any other,
/// however many users there are.
#[derive(Debug)]
pub(super) struct Writer {
    /// `None` only while the writer is being dropped.
    queue: Option<mpsc::Sender<Write>>,
    thread: Option<JoinHandle<()>>,
    last: Arc<LastCommit>,
}

impl Writer {
    pub(super) fn start(db: Arc<Reopening>, metrics: StoreMetrics) -> anyhow::Result<Self> {
        let (queue, writes) = mpsc::channel(QUEUE);
        let last = Arc::new(LastCommit::default());
        let groups = Groups::of(writes).context("can't start a timer for the store")?;
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn({
                let last = Arc::clone(&last);
                move || run(&db, groups, &last, &metrics)
            })
            .context("can't start the store's writer thread")?;
        Ok(Self { queue: Some(queue), thread: Some(thread), last })
    }

    /// How many writes wait to be taken up.
    pub(super) fn queued(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }

    /// Whether writes go through. It writes only after a failure, so that asking often is cheap.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let stopped = self.queue.as_ref().is_none_or(mpsc::Sender::is_closed);
        if stopped || self.last.failed.load(Ordering::Relaxed) {
            self.write(probe).await?;
        }
        Ok(())
    }

    /// Runs `apply` in the next transaction and returns its value once that is durable.
    ///
    /// `apply` shares the transaction with other writes. It must decide before it changes anything:
    /// its changes are committed even if it refuses by its value or fails with [`Damaged`]. Any
    /// other error means that the store itself failed, and aborts the whole group.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        apply: impl FnOnce(&WriteTransaction) -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write_then(apply, |_| ()).await
    }

    /// As [`write`](Self::write), and runs `then` between the commit and the answer, even if the
    /// caller does not wait any more.
    pub(super) async fn write_then<T: Send + 'static>(
        &self,
        apply: impl FnOnce(&WriteTransaction) -> anyhow::Result<T> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let write: Write = Box::new(move |txn| {
            // A panic ends here, while the transaction can still be aborted in order.
            let (value, outcome) = separate(guarded(|| apply(txn)));
            let acknowledge = move |commit: &anyhow::Result<()>| {
                let value = match (value, commit) {
                    (Ok(_), Err(error)) => Err(aborted(is_damage(error))),
                    (value, _) => value,
                };
                value.as_ref().ok().map(then);
                // The request may be gone; the write stands all the same.
                let _ = reply.send(value);
            };
            (outcome, Box::new(acknowledge))
        });
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send(write).await.map_err(|_| stopped())?;
        // A write that its group did not come to is dropped without an answer.
        let needs_mending = || self.last.needs_mending.load(Ordering::Relaxed);
        let answered = answer.instrument(traces::step("write"));
        answered.await.map_err(|_| aborted(needs_mending()))?
    }
}

/// The answer of a write, and whether its group may be committed. What is damaged for this write
/// need not be so for the others, who may try again.
fn separate<T>(applied: anyhow::Result<T>) -> (Result<T, StoreError>, anyhow::Result<()>) {
    match applied {
        Ok(value) => (Ok(value), Ok(())),
        Err(error) if error.is::<Damaged>() => (Err(kind_of(error)), Ok(())),
        Err(error) => (Err(aborted(is_damage(&error))), Err(anyhow!("{error:#}"))),
    }
}

pub(super) fn aborted(needs_mending: bool) -> StoreError {
    let cause = anyhow!("the write was aborted; the log says why");
    if needs_mending { StoreError::Damaged(cause) } else { StoreError::Unavailable(cause) }
}

fn stopped() -> StoreError {
    StoreError::Unavailable(anyhow!("the writer thread has stopped"))
}

impl Drop for Writer {
    /// Lets the thread finish what waits, so that the database is closed in order.
    fn drop(&mut self) {
        drop(self.queue.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's writer thread panicked");
        }
    }
}

fn run(db: &Reopening, mut groups: Groups<Write>, last: &LastCommit, metrics: &StoreMetrics) {
    let mut group = Vec::with_capacity(MAX_GROUP);
    loop {
        let kind = match groups.next(&mut group) {
            Next::Group => Kind::Ordinary,
            Next::Quiet => Kind::Checkpoint,
            Next::End => return,
        };
        let (started, size) = (Instant::now(), group.len());
        // Both outlive the attempt: no caller is answered before `last` is set.
        let (mut writes, mut acknowledges) = (group.drain(..), Vec::new());
        let attempt = || {
            db.ensure_open()?;
            db.with(|db| commit(db, kind, &mut writes, &mut acknowledges))
        };
        // A panic must not end the only thread that writes; it has been logged by now.
        let committed = catch_unwind(AssertUnwindSafe(attempt));
        let outcome = committed.unwrap_or_else(|_| Err(anyhow!("a write panicked")));
        last.note(&outcome);
        if kind == Kind::Ordinary || outcome.is_err() {
            metrics.commit(outcome.is_ok(), size, started.elapsed());
        }
        if let Err(error) = &outcome {
            // A checkpoint would fail as well.
            groups.skip_quiet();
            tracing::error!("a write was aborted: {error:#}");
            if let Err(error) = db.reopen() {
                tracing::error!("{error:#}");
            }
        }
        for acknowledge in acknowledges {
            acknowledge(&outcome);
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// After a crash that follows it, redb reads the whole file to learn which pages are in use.
    Ordinary,
    /// It also writes down which pages are in use. That takes a second sync.
    Checkpoint,
}

fn commit(
    db: &Database,
    kind: Kind,
    writes: impl Iterator<Item = Write>,
    acknowledges: &mut Vec<Acknowledge>,
) -> anyhow::Result<()> {
    let mut txn = db.begin_write()?;
    txn.set_quick_repair(kind == Kind::Checkpoint);
    for write in writes {
        let (applied, acknowledge) = write(&txn);
        acknowledges.push(acknowledge);
        applied?;
    }
    Ok(txn.commit()?)
}

fn probe(txn: &WriteTransaction) -> anyhow::Result<()> {
    let mut probes = txn.open_table(PROBES)?;
    let count = probes.get(())?.map_or(0, |count| count.value());
    probes.insert((), count.wrapping_add(1))?;
    Ok(())
}
