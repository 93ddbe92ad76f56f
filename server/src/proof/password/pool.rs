mod courtesy;
mod pace;
mod queue;
mod rates;
mod settings;
mod stats;
mod worker;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hallpass_contract::Secret;
use hallpass_kdf::{KEY_LEN, Key};
use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::kdf::{Kdf, Prf};
use super::phc::SALT_LEN;
use super::{Password, PhcHash, StoredHash, cost};
use crate::{priority, traces};
use queue::Queue;
use rates::Rates;
pub use settings::Settings;
pub use stats::{JobKind, JobTimes, KindStats, PoolObserver, PoolStats, Unobserved};
use worker::{Cost, Derivation, Source, Work, Worker};

/// The threads that hash passwords, one for each core. They have a lower priority than the threads
/// that answer requests, and their queues are bounded.
///
/// Each thread hashes a few passwords at once. If enough of them wait, it fills all the lanes of
/// its core.
///
/// How long a verification takes tells nothing about the user's hash, for three reasons:
///
/// - What waits when a thread becomes free decides which passwords are hashed together.
/// - Every verification by PBKDF2-HMAC-SHA256 is padded to the same number of iterations.
/// - Other kinds of hashes run alone. They are padded as if other passwords had shared the lanes.
///   Those that take much memory wait until there is enough.
///
/// A hash that runs alone cuts its batch short and holds a thread for as long as a full batch. So
/// from the first of them on, no thread hashes more than a few passwords at once.
#[derive(Debug)]
pub struct Pool {
    queue: Arc<Queue<Work>>,
    iterations: NonZeroU32,
    /// The most iterations that any verified hash had, or its cost in iterations. Every
    /// verification is padded to it. So nobody can find old hashes or unknown users by timing.
    dearest: Arc<AtomicU32>,
    /// The hash to verify against if there is no such user, so that both take the same time.
    decoy: StoredHash,
}

/// Why the pool did not do a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PoolError {
    /// The queue is full: a new job would be done too late.
    #[error("the password hashing queue is full")]
    Overloaded {
        /// How long until the queue is empty.
        retry_after: Duration,
    },
    /// The system has no randomness.
    #[error("the system has no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The job panicked.
    #[error("a job of the hashing threads panicked")]
    Panicked,
}

/// What verifying a password found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// The password is the right one.
    pub matches: bool,
    /// Whether a new hash should replace this one now that the password is known: it is cheaper
    /// than new hashes, or another system made it.
    pub outdated: bool,
}

impl Pool {
    /// Starts the threads. First it measures for some milliseconds how long hashing takes on this
    /// machine.
    ///
    /// # Errors
    ///
    /// If a thread can't be started or the system has no randomness.
    pub fn start(settings: Settings) -> anyhow::Result<Self> {
        let Settings { iterations, threads, lanes, observer } = settings;
        let rates = rates::measure(lanes, iterations);
        let pool = Self::without_workers(threads.max(1), iterations, rates)?;
        pool.start_workers(threads.max(1), &observer)?;
        Ok(pool)
    }

    fn without_workers(
        threads: usize,
        iterations: NonZeroU32,
        rates: Rates,
    ) -> Result<Self, PoolError> {
        let dearest = Arc::new(AtomicU32::new(iterations.get()));
        let queue = Arc::new(Queue::new(threads, Arc::clone(&dearest), rates));
        Ok(Self { queue, iterations, dearest, decoy: decoy(iterations)? })
    }

    fn start_workers(
        &self,
        threads: usize,
        observer: &Arc<dyn PoolObserver>,
    ) -> std::io::Result<()> {
        let cores = priority::a_core_each(threads);
        for n in 0..threads {
            let worker = Worker { queue: Arc::clone(&self.queue), observer: Arc::clone(observer) };
            worker.start(&format!("hash-{n}"), cores.get(n).copied())?;
        }
        Ok(())
    }

    /// Hashes a password with a fresh salt, for somebody who has an account.
    pub async fn hash(&self, password: Password) -> Result<PhcHash, PoolError> {
        self.hash_new(JobKind::Login, Box::new(|| Some(password.0))).await
    }

    /// Hashes a new password with a fresh salt, if `check` accepts it. Both happen in one job on
    /// one hashing thread. Returns the hash and whatever else `check` returned.
    ///
    /// # Errors
    ///
    /// If the queue is full, the system has no randomness or `check` panics. The inner error is the
    /// one of `check`.
    pub async fn hash_checked<T: Send + 'static, E: Send + 'static>(
        &self,
        kind: JobKind,
        check: impl FnOnce() -> Result<(Password, T), E> + Send + 'static,
    ) -> Result<Result<(PhcHash, T), E>, PoolError> {
        let (tell, mut outcome) = oneshot::channel();
        let check = move || {
            let (password, outcome) = match check() {
                Ok((password, checked)) => (Some(password.0), Ok(checked)),
                Err(refused) => (None, Err(refused)),
            };
            // The receiver may be gone, which changes nothing.
            let _ = tell.send(outcome);
            password
        };
        let hash = self.hash_new(kind, Box::new(check)).await;
        // The result is there by now. There is no hash if `check` refused the password or panicked.
        match outcome.try_recv() {
            Ok(Ok(checked)) => Ok(Ok((hash?, checked))),
            Ok(Err(refused)) => Ok(Err(refused)),
            Err(_) => Err(hash.err().unwrap_or(PoolError::Panicked)),
        }
    }

    async fn hash_new(&self, kind: JobKind, password: Source) -> Result<PhcHash, PoolError> {
        let (salt, iterations) = (random::<SALT_LEN>()?, self.iterations);
        let cost = Cost { iterations, padded_to: 0 };
        let key = self.derive(kind, password, &salt, cost).await?;
        Ok(PhcHash::new(iterations, &salt, &key))
    }

    /// Whether `password`, as it was typed, is the one behind `stored`. For our own hashes it is
    /// prepared first. If there is no stored hash or the password can't be prepared, the answer is
    /// no and takes just as long.
    pub async fn verify(
        &self,
        password: &Secret,
        stored: Option<&StoredHash>,
    ) -> Result<Verdict, PoolError> {
        let is_known = stored.is_some();
        let stored = stored.unwrap_or(&self.decoy);
        // Prepared even for hashes that don't need it: a long password takes a while, which would
        // show.
        let prepared = Password::prepare(password);
        // Another system may have hashed an empty password for whoever had none. And bcrypt takes
        // `a` and `a\0a` for the same.
        let typed = password.expose();
        let could_be_typed = !typed.is_empty() && !typed.contains('\0');
        let is_usable = could_be_typed && (stored.is_foreign || prepared.is_ok());
        let password = match prepared {
            Ok(prepared) if !stored.is_foreign => prepared.0,
            _ => password.clone(),
        };
        let is_right = match stored.kdf {
            Kdf::Pbkdf2(Prf::Sha256, iterations) => {
                let dearest = self.dearest.fetch_max(iterations.get(), Ordering::Relaxed);
                let cost = Cost { iterations, padded_to: dearest.max(iterations.get()) };
                let password = Box::new(|| Some(password));
                stored.matches(&self.derive(JobKind::Login, password, &stored.salt, cost).await?)
            }
            _ => {
                // Jobs behind this one wait until its padding ends, so they could time what kind of
                // hash this user has. Among a few passwords the difference is small, among many it
                // is not.
                self.queue.keep_to_a_few();
                let (stored, dearest) = (stored.clone(), Arc::clone(&self.dearest));
                let verify = move |lanes| {
                    cost::verify(&stored, password.expose().as_bytes(), &dearest, lanes)
                };
                self.alone(JobKind::Login, verify).await?
            }
        };
        Ok(Verdict {
            matches: is_right && is_known && is_usable,
            outdated: stored.is_outdated(self.iterations),
        })
    }

    /// How many jobs wait, and what became of the earlier ones.
    pub fn stats(&self) -> PoolStats {
        self.queue.stats()
    }

    /// Runs `work` alone on a thread. `work` gets the number of passwords that the thread would
    /// otherwise have hashed at once.
    async fn alone<T: Send + 'static>(
        &self,
        kind: JobKind,
        work: impl FnOnce(usize) -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let (reply, answer) = oneshot::channel();
        let work = move |lanes| {
            let _ = reply.send(work(lanes));
        };
        self.submit(kind, Work::Alone(Box::new(work)), answer).await
    }

    async fn derive(
        &self,
        kind: JobKind,
        password: Source,
        salt: &[u8],
        cost: Cost,
    ) -> Result<Key, PoolError> {
        let (reply, key) = oneshot::channel();
        let derivation = Derivation { salt: salt.to_vec(), cost, reply };
        self.submit(kind, Work::Derive(password, derivation), key).await
    }

    async fn submit<T>(
        &self,
        kind: JobKind,
        work: Work,
        answer: oneshot::Receiver<T>,
    ) -> Result<T, PoolError> {
        let shares_lanes = matches!(work, Work::Derive(..));
        // Held until the answer is there. When the client hangs up, hyper drops this future, and
        // that cancels the job.
        let _ticket = Queue::submit(&self.queue, kind, shares_lanes, work, Instant::now())
            .map_err(|retry_after| PoolError::Overloaded { retry_after })?;
        // The time in the queue counts.
        let hashed = answer.instrument(traces::step("hash a password"));
        hashed.await.map_err(|_| PoolError::Panicked)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn random<const N: usize>() -> Result<[u8; N], PoolError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

fn decoy(iterations: NonZeroU32) -> Result<StoredHash, PoolError> {
    Ok(StoredHash {
        kdf: Kdf::Pbkdf2(Prf::Sha256, iterations),
        salt: random::<SALT_LEN>()?.to_vec(),
        key: random::<KEY_LEN>()?.to_vec(),
        is_foreign: false,
        signer: None,
    })
}

#[cfg(test)]
mod tests;
