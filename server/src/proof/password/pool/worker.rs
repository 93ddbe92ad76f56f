use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use std::{io, thread};

use hallpass_contract::Secret;
use hallpass_kdf::{Backend, Input, Key, Lanes};
use tokio::sync::oneshot;

use super::courtesy::{Courtesy, Patience, Spent};
use super::queue::{Asker, Batch, Job, Outcome, Queue};
use super::stats::{JobTimes, PoolObserver};
use crate::priority;

/// The work of a job.
pub(super) enum Work {
    /// Shares the lanes of a core with other passwords.
    Derive(Source, Derivation),
    /// Runs alone. Gets the number of jobs that would otherwise run at once.
    Alone(Box<dyn FnOnce(usize) + Send>),
}

/// Makes the password to hash, or returns none. It may compute for a while, and the rest of the
/// batch waits for it.
pub(super) type Source = Box<dyn FnOnce() -> Option<Secret> + Send>;

/// A key to derive.
pub(super) struct Derivation {
    pub salt: Vec<u8>,
    pub cost: Cost,
    /// Dropped without an answer if there is no password.
    pub reply: oneshot::Sender<Key>,
}

/// The iterations, as in [`Input`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cost {
    pub iterations: NonZeroU32,
    /// An old, cheaper hash is padded to this, so that its age can't be timed.
    pub padded_to: u32,
}

/// Works off the queue with two threads, of which one works at a time. The first runs only on an
/// idle core. If it gets too little time, the second takes over, which has a small share beside
/// other threads.
#[derive(Clone)]
pub(super) struct Worker {
    pub queue: Arc<Queue<Work>>,
    pub observer: Arc<dyn PoolObserver>,
}

/// If more passwords than this are done at once, the worker pauses between the answers. After its
/// answer, each login still takes up to 0.1 ms on the threads that answer requests. Other requests
/// would wait behind all of them.
const MOST_ANSWERS_AT_ONCE: usize = 4;

/// The pause between two answers. A full batch takes some hundred milliseconds, so all pauses
/// together are a small part of it.
const BETWEEN_ANSWERS: Duration = Duration::from_micros(150);

/// What the first thread leaves to the second.
pub(super) enum Rest {
    /// The whole batch.
    Batch(Batch<Work>),
    /// Derivations that the second thread begins anew.
    Keys(Vec<Ready>, Turn),
}

/// A derivation whose password is there.
pub(super) struct Ready {
    asker: Asker,
    password: Secret,
    derivation: Derivation,
}

/// The figures of a [`Batch`].
#[derive(Clone, Copy)]
pub(super) struct Turn {
    started: Instant,
    lanes: usize,
    choice: Lanes,
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
    /// Starts both threads. They end when the queue is closed. The first stays on `core`, if there
    /// is one.
    pub(super) fn start(self, name: &str, core: Option<usize>) -> io::Result<()> {
        let (leave, left) = mpsc::channel();
        let (give_back, given_back) = mpsc::channel();
        let second = self.clone();
        thread::Builder::new().name(format!("{name}-low")).spawn(move || {
            priority::yield_to_the_reactor();
            for rest in left {
                second.take_over(rest, Spent::so_far);
                if give_back.send(()).is_err() {
                    return;
                }
            }
        })?;
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            priority::run_when_idle();
            if let Some(core) = core {
                priority::stay_on(core);
            }
            while let Some(batch) = self.queue.take() {
                let mut patience = Patience::new();
                let Some(rest) = self.begin(batch, || patience.pause()) else { continue };
                if leave.send(rest).is_err() || given_back.recv().is_err() {
                    return;
                }
            }
        })?;
        Ok(())
    }

    /// The first thread's part of a batch. Returns what the second must do.
    pub(super) fn begin(
        &self,
        batch: Batch<Work>,
        pause: impl FnMut() -> ControlFlow<()>,
    ) -> Option<Rest> {
        if batch.jobs.iter().any(|job| matches!(job.work, Work::Alone(_))) {
            // Work that runs alone has no pauses, so the thread could not notice that it gets too
            // little time.
            return Some(Rest::Batch(batch));
        }
        let (ready, turn) = self.prepare_all(batch);
        self.derive(ready, turn, pause)
    }

    /// Does the rest and the batches after it, until the core is free enough for the first thread.
    pub(super) fn take_over(&self, rest: Rest, mut so_far: impl FnMut() -> Spent) {
        let mut before = so_far();
        self.finish(rest);
        while !so_far().since(before).was_mostly_work() {
            let Some(batch) = self.queue.take() else { return };
            before = so_far();
            self.finish(Rest::Batch(batch));
        }
    }

    fn finish(&self, rest: Rest) {
        let (mut ready, turn) = match rest {
            Rest::Batch(batch) => self.prepare_all(batch),
            Rest::Keys(ready, turn) => (ready, turn),
        };
        ready.retain(|ready| !self.is_abandoned(&ready.asker));
        let mut courtesy = Courtesy::new();
        self.derive(ready, turn, || {
            courtesy.pause();
            ControlFlow::Continue(())
        });
    }

    /// Makes the passwords of a batch. Jobs without a password are replaced by others from the
    /// queue.
    fn prepare_all(&self, batch: Batch<Work>) -> (Vec<Ready>, Turn) {
        let Batch { mut jobs, lanes, choice, had_room } = batch;
        let turn = Turn { started: Instant::now(), lanes, choice, had_room };
        let mut ready = Vec::with_capacity(turn.lanes);
        while !jobs.is_empty() {
            for job in jobs {
                ready.extend(self.prepare(job, turn));
            }
            // Making the passwords may have taken a while, so clients may be gone.
            ready.retain(|ready| !self.is_abandoned(&ready.asker));
            jobs = match ready.len() {
                0 => break,
                n => self.queue.take_more(turn.lanes.saturating_sub(n)),
            };
        }
        (ready, turn)
    }

    /// Makes a job's password. Work that runs alone is done completely.
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

    /// Derives the keys and answers with them. If a pause breaks it off, it returns what must be
    /// done again.
    fn derive(
        &self,
        ready: Vec<Ready>,
        turn: Turn,
        pause: impl FnMut() -> ControlFlow<()>,
    ) -> Option<Rest> {
        if ready.is_empty() {
            return None;
        }
        let inputs: Vec<Input<'_>> = ready.iter().map(Ready::input).collect();
        let backend = Backend::detect().with_lanes(turn.choice);
        let keys = caught(|| backend.derive_with_pauses(&inputs, pause));
        drop(inputs);
        let keys = match keys {
            Some(Some(keys)) => keys,
            Some(None) => return Some(Rest::Keys(ready, turn)),
            None => vec![],
        };
        self.queue.learn(turn.started.elapsed(), ready.len(), turn.had_room);
        for Ready { asker, .. } in &ready {
            self.done(asker, turn, ready.len());
        }
        let are_many = ready.len() > MOST_ANSWERS_AT_ONCE;
        for (Ready { derivation, .. }, key) in ready.into_iter().zip(keys) {
            // The receiver may be gone, which changes nothing.
            let _ = derivation.reply.send(key);
            if are_many {
                thread::sleep(BETWEEN_ANSWERS);
            }
        }
        None
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

/// One request's panic must not end the thread that others need. The client of that job gets an
/// error, since no reply comes.
fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
