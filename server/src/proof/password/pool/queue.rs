use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use hallpass_kdf::Lanes;

use super::rates::Rates;
use super::stats::{JobKind, PoolStats};

/// How long a client waits for a login before it gives up. A job that can't be done by then is
/// refused at once.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The most jobs of each kind in the queue. It bounds the memory where hashes are very cheap.
const MAX_QUEUE: usize = 4096;

/// The jobs that wait.
///
/// The system may stop a hashing thread at any point, even while it holds the lock. Threads that
/// answer requests need that lock, too. So nothing is computed, allocated or freed while it is
/// held.
pub(super) struct Queue<W> {
    state: Mutex<State<W>>,
    work: Condvar,
    /// How many threads take jobs from it.
    threads: usize,
    /// What a job costs, in iterations; most cost as much as the dearest hash.
    dearest: Arc<AtomicU32>,
}

struct State<W> {
    waiting: [VecDeque<Job<W>>; 2],
    /// The kind that comes next if both wait.
    turn: JobKind,
    /// How many workers wait for a job.
    idle: usize,
    next_id: u64,
    is_closed: bool,
    rates: Rates,
    stats: PoolStats,
}

/// A piece of work, and who asked for it.
pub(super) struct Job<W> {
    /// Ids ascend in each queue.
    id: u64,
    shares_lanes: bool,
    pub asker: Asker,
    pub work: W,
}

/// Who waits for a job.
pub(super) struct Asker {
    pub kind: JobKind,
    pub since: Instant,
    ticket: Weak<()>,
}

impl Asker {
    pub(super) fn has_hung_up(&self) -> bool {
        self.ticket.strong_count() == 0
    }
}

/// What a worker takes from the queue at once.
pub(super) struct Batch<W> {
    /// One job that runs alone, or at most `lanes` jobs.
    pub jobs: Vec<Job<W>>,
    /// How many jobs it would have been if all could share lanes.
    pub lanes: usize,
    /// The numbers of lanes that the worker may use for them.
    pub choice: Lanes,
    /// Whether lanes were left free because too few jobs waited.
    pub had_room: bool,
}

/// Held by whoever waits for a job. Dropping it cancels the job.
pub(super) struct Ticket<W> {
    queue: Arc<Queue<W>>,
    kind: JobKind,
    id: u64,
    _alive: Arc<()>,
}

impl<W> Queue<W> {
    pub(super) fn new(threads: usize, dearest: Arc<AtomicU32>, rates: Rates) -> Self {
        let state = State {
            waiting: [VecDeque::new(), VecDeque::new()],
            turn: JobKind::Login,
            idle: 0,
            next_id: 0,
            is_closed: false,
            rates,
            stats: PoolStats::default(),
        };
        Self { state: Mutex::new(state), work: Condvar::new(), threads, dearest }
    }

    /// Queues a job.
    ///
    /// # Errors
    ///
    /// If the job would be done too late: how long until the queue is empty.
    pub(super) fn submit(
        this: &Arc<Self>,
        kind: JobKind,
        shares_lanes: bool,
        work: W,
        now: Instant,
    ) -> Result<Ticket<W>, Duration> {
        let ticket = Arc::new(());
        let mut state = this.lock();
        let dearest = this.dearest.load(Ordering::Relaxed);
        let wait = state.rates.pace.time(state.ahead(kind), dearest, this.threads);
        if wait > MAX_WAIT || state.waiting[kind as usize].len() >= MAX_QUEUE {
            state.stats.of_mut(kind).refused += 1;
            return Err(wait);
        }
        let id = state.next_id;
        state.next_id += 1;
        let asker = Asker { kind, since: now, ticket: Arc::downgrade(&ticket) };
        state.waiting[kind as usize].push_back(Job { id, shares_lanes, asker, work });
        drop(state);
        this.work.notify_one();
        Ok(Ticket { queue: Arc::clone(this), kind, id, _alive: ticket })
    }

    /// The next batch. Waits until there is one. None once the queue is closed.
    pub(super) fn take(&self) -> Option<Batch<W>> {
        let mut jobs = Vec::with_capacity(self.lock().rates.lanes.most());
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            let lanes = state.share();
            state.pop(lanes, &mut jobs);
            if !jobs.is_empty() {
                let choice = state.rates.lanes;
                let had_room = jobs.len() < choice.few() && (state.idle > 0 || state.is_empty());
                return Some(Batch { jobs, lanes, choice, had_room });
            }
            state.idle += 1;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// At most `free` more jobs that share lanes, for a worker with free lanes. None if another
    /// worker is idle. Does not wait.
    pub(super) fn take_more(&self, free: usize) -> Vec<Job<W>> {
        let mut jobs = Vec::with_capacity(free);
        let mut state = self.lock();
        if state.idle == 0 {
            state.pop_sharing(free, &mut jobs);
        }
        jobs
    }

    /// Counts a job that was taken.
    pub(super) fn count(&self, asker: &Asker, outcome: Outcome) {
        let mut state = self.lock();
        let stats = state.stats.of_mut(asker.kind);
        match outcome {
            Outcome::Done => stats.done += 1,
            Outcome::Abandoned => stats.abandoned += 1,
        }
    }

    /// Learns from how long a worker took for `jobs` jobs together.
    pub(super) fn learn(&self, run: Duration, jobs: usize, had_room: bool) {
        let iterations = self.dearest.load(Ordering::Relaxed);
        self.lock().rates.learn(run, jobs, iterations, had_room);
    }

    /// From now on, workers take only a few jobs at once, however many wait.
    pub(super) fn keep_to_a_few(&self) {
        let mut state = self.lock();
        state.rates = state.rates.of_a_few();
    }

    pub(super) fn stats(&self) -> PoolStats {
        let state = self.lock();
        let mut stats = state.stats;
        for kind in JobKind::ALL {
            stats.of_mut(kind).waiting = state.waiting[kind as usize].len();
        }
        stats
    }

    /// Lets the workers end, each after its current batch.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.work.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of a job that was taken.
#[derive(Clone, Copy)]
pub(super) enum Outcome {
    Done,
    Abandoned,
}

impl<W> State<W> {
    /// How many jobs would be done before a new one of this kind. Those are all in its queue, and
    /// as many of the other kind as come in between by turns.
    fn ahead(&self, kind: JobKind) -> usize {
        let own = self.waiting[kind as usize].len();
        own + self.waiting[kind.other() as usize].len().min(own + 1)
    }

    fn is_empty(&self) -> bool {
        self.waiting.iter().all(VecDeque::is_empty)
    }

    /// How many jobs a worker takes. Idle workers leave it only its share; of that it takes the
    /// number that costs the least per job.
    fn share(&self) -> usize {
        let waiting: usize = self.waiting.iter().map(VecDeque::len).sum();
        self.rates.lanes.at_once(waiting.div_ceil(self.idle + 1))
    }

    fn next(&self) -> Option<&Job<W>> {
        let first = |kind: JobKind| self.waiting[kind as usize].front();
        first(self.turn).or_else(|| first(self.turn.other()))
    }

    /// Takes the next job, and up to `most` in all that share lanes with it.
    fn pop(&mut self, most: usize, jobs: &mut Vec<Job<W>>) {
        if self.next().is_some_and(|next| !next.shares_lanes) {
            jobs.extend(self.pop_one());
        } else {
            self.pop_sharing(most, jobs);
        }
    }

    /// Takes jobs up to the first that runs alone, since none may overtake it.
    fn pop_sharing(&mut self, most: usize, jobs: &mut Vec<Job<W>>) {
        for _ in 0..most {
            if self.next().is_none_or(|next| !next.shares_lanes) {
                return;
            }
            jobs.extend(self.pop_one());
        }
    }

    fn pop_one(&mut self) -> Option<Job<W>> {
        let kind = self.next()?.asker.kind;
        self.turn = kind.other();
        self.waiting[kind as usize].pop_front()
    }
}

impl<W> Drop for Ticket<W> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        let waiting = &mut state.waiting[self.kind as usize];
        let Ok(place) = waiting.binary_search_by_key(&self.id, |job| job.id) else { return };
        let called_off = waiting.remove(place);
        state.stats.of_mut(self.kind).abandoned += 1;
        drop(state);
        drop(called_off);
    }
}

impl<W> fmt::Debug for Queue<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("threads", &self.threads).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
