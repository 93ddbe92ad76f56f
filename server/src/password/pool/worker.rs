use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use hallpass_contract::Secret;
use hallpass_kdf::{Input, Key};
use tokio::sync::oneshot;

use super::priority::{self, Courtesy};
use super::queue::{Asker, Batch, Job, Outcome, Queue};
use super::stats::{JobTimes, PoolObserver};

/// What a job is.
pub(super) enum Work {
    /// Shares the lanes of a core with others.
    Derive(Source, Derivation),
    /// Runs by itself. It is told how many jobs would run at once otherwise.
    Alone(Box<dyn FnOnce(usize) + Send>),
}

/// Makes the password to derive a key of, or finds that there is none. It may compute for a while;
/// whatever is to run beside it waits.
pub(super) type Source = Box<dyn FnOnce() -> Option<Secret> + Send>;

/// Of a key.
pub(super) struct Derivation {
    pub salt: Vec<u8>,
    pub cost: Cost,
    /// Dropped if there is no password.
    pub reply: oneshot::Sender<Key>,
}

/// As of [`Input`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cost {
    pub iterations: NonZeroU32,
    /// So that an old, cheaper hash takes as long as a new one and its age can't be timed.
    pub padded_to: u32,
}

/// A hashing thread.
pub(super) struct Worker {
    pub queue: Arc<Queue<Work>>,
    pub observer: Arc<dyn PoolObserver>,
    /// Where it stays, unless the system decides.
    pub core: Option<usize>,
}

/// All that a derivation takes.
struct Ready {
    asker: Asker,
    password: Secret,
    derivation: Derivation,
}

/// What a worker does at once, as of [`Batch`].
#[derive(Clone, Copy)]
struct Turn {
    started: Instant,
    lanes: usize,
    had_room: bool,
}

impl Ready {
    fn input(&self) -> Input<'_> {
        let Derivation { salt, cost: Cost { iterations, padded_to }, .. } = &self.derivation;
        let password = self.password.expose().as_bytes();
        Input { password, salt, iterations: *iterations, padded_to: *padded_to }
    }
}

impl Worker {
    /// Works off the queue until that is closed.
    pub fn work(&self) {
        priority::yield_to_the_reactor();
        if let Some(core) = self.core {
            priority::stay_on(core);
        }
        while let Some(batch) = self.queue.take() {
            self.run(batch);
        }
    }

    fn run(&self, batch: Batch<Work>) {
        let turn = Turn { started: Instant::now(), lanes: batch.lanes, had_room: batch.had_room };
        let mut ready = Vec::with_capacity(turn.lanes);
        let mut jobs = batch.jobs;
        while !jobs.is_empty() {
            for job in jobs {
                ready.extend(self.prepare(job, turn));
            }
            // To prepare a password may have taken a while.
            ready.retain(|ready| !self.is_abandoned(&ready.asker));
            jobs = match ready.len() {
                0 => break,
                n => self.queue.take_more(turn.lanes.saturating_sub(n)),
            };
        }
        if !ready.is_empty() {
            self.derive(ready, turn);
        }
    }

    /// Makes a job's password, or does all of what runs by itself.
    fn prepare(&self, job: Job<Work>, turn: Turn) -> Option<Ready> {
        let asker = job.asker;
        if self.is_abandoned(&asker) {
            return None;
        }
        match job.work {
            Work::Derive(source, derivation) => {
                if let Some(password) = caught(source).flatten() {
                    return Some(Ready { asker, password, derivation });
                }
            }
            Work::Alone(work) => {
                caught(|| work(turn.lanes));
                self.queue.learn(turn.started.elapsed(), 1, turn.had_room);
            }
        }
        self.done(&asker, turn, 1);
        None
    }

    fn derive(&self, ready: Vec<Ready>, turn: Turn) {
        let inputs: Vec<Input<'_>> = ready.iter().map(Ready::input).collect();
        let mut courtesy = Courtesy::new(turn.started);
        let derive = || hallpass_kdf::derive_with_pauses(&inputs, || courtesy.pause());
        let keys = caught(derive).unwrap_or_default();
        drop(inputs);
        self.queue.learn(turn.started.elapsed(), ready.len(), turn.had_room);
        for Ready { asker, .. } in &ready {
            self.done(asker, turn, ready.len());
        }
        for (Ready { derivation, .. }, key) in ready.into_iter().zip(keys) {
            // The asker may have hung up meanwhile, which changes nothing.
            let _ = derivation.reply.send(key);
        }
    }

    fn is_abandoned(&self, asker: &Asker) -> bool {
        let is_abandoned = asker.has_hung_up();
        if is_abandoned {
            self.queue.count(asker, Outcome::Abandoned);
        }
        is_abandoned
    }

    fn done(&self, asker: &Asker, turn: Turn, shared_by: usize) {
        let wait = turn.started.saturating_duration_since(asker.since);
        self.observer.done(asker.kind, JobTimes { wait, run: turn.started.elapsed(), shared_by });
        self.queue.count(asker, Outcome::Done);
    }
}

/// One request's panic must not take the thread from all the others; the asker learns of it by the
/// reply that never comes.
fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
