use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use std::{io, thread};

use hallpass_contract::Secret;
use hallpass_kdf::{Input, Key};
use tokio::sync::oneshot;

use super::courtesy::{Courtesy, Patience, Spent};
use super::priority;
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

/// Works off the queue on two threads, one at a time. The first runs only while a core has nothing
/// else to do; where that is too seldom, the second takes over, which has a share beside other
/// threads, if a small one.
#[derive(Clone)]
pub(super) struct Worker {
    pub queue: Arc<Queue<Work>>,
    pub observer: Arc<dyn PoolObserver>,
}

/// More passwords that are done at once than these are answered one after the other. The rest of a
/// login is up to a tenth of a millisecond of work for those that answer requests, and other
/// requests would wait behind all of them.
const MOST_ANSWERS_AT_ONCE: usize = 4;

/// A core that hashes many passwords at once does so for some hundred milliseconds; this is a
/// hundredth of it.
const BETWEEN_ANSWERS: Duration = Duration::from_micros(150);

/// What the first thread leaves to the second.
pub(super) enum Rest {
    /// All of it.
    Batch(Batch<Work>),
    /// Keys, to be computed from the beginning.
    Keys(Vec<Ready>, Turn),
}

/// All that a derivation takes.
pub(super) struct Ready {
    asker: Asker,
    password: Secret,
    derivation: Derivation,
}

/// What a worker does at once, as of [`Batch`].
#[derive(Clone, Copy)]
pub(super) struct Turn {
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
    /// Starts the threads, which end when the queue is closed. The first stays on `core`, if that
    /// is said.
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

    /// What the first thread does of a batch.
    pub(super) fn begin(
        &self,
        batch: Batch<Work>,
        pause: impl FnMut() -> ControlFlow<()>,
    ) -> Option<Rest> {
        if batch.jobs.iter().any(|job| matches!(job.work, Work::Alone(_))) {
            // It has no pauses in which to find out how it gets on.
            return Some(Rest::Batch(batch));
        }
        let (ready, turn) = self.prepare_all(batch);
        self.derive(ready, turn, pause)
    }

    /// Does the rest, and whatever comes after it until the first thread could do as much.
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

    /// Makes the passwords of a batch, and of more jobs in place of those that have none.
    fn prepare_all(&self, batch: Batch<Work>) -> (Vec<Ready>, Turn) {
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
        (ready, turn)
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

    /// Computes the keys and answers with them; what is to be done again if a pause breaks it off.
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
        let keys = caught(|| hallpass_kdf::derive_with_pauses(&inputs, pause));
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
            // The asker may have hung up meanwhile, which changes nothing.
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

/// One request's panic must not take the thread from all the others; the asker learns of it by the
/// reply that never comes.
fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
