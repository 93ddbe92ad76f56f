mod worker;

use std::convert::Infallible;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, TrySendError};
use hallpass_contract::Secret;
use hallpass_kdf::{KEY_LEN, Key};
use tokio::sync::oneshot;

use super::kdf::{Kdf, Prf};
use super::phc::SALT_LEN;
use super::{Password, PhcHash, StoredHash, cost};
use worker::{Derivation, Job, derive, work};

/// How long a client waits for a login before it gives up; work that could not be done by then
/// is refused at once instead of queued.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Bounds the queue's memory where hashes are made very cheap.
const MAX_QUEUE: usize = 4096;

/// The threads that hash passwords: as many as cores, with a bounded queue and a lower priority
/// than the ones that answer requests.
#[derive(Debug)]
pub struct Pool {
    queue: Sender<Job>,
    iterations: NonZeroU32,
    /// The most iterations that any stored hash was seen to have, or to cost as much as. All
    /// verifications cost these, so that neither an old hash nor an unknown user can be timed.
    dearest: Arc<AtomicU32>,
    /// Verified against when there is no such user, so that both take the same time.
    decoy: StoredHash,
    /// What one derivation took when the pool started.
    per_hash: Duration,
    threads: usize,
}

/// Why the pool did not do the work.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PoolError {
    /// The queue is full: the work would be done too late.
    #[error("the password hashing queue is full")]
    Overloaded {
        /// When the queue will have been worked off.
        retry_after: Duration,
    },
    /// The system has no randomness.
    #[error("the system has no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The work panicked.
    #[error("a job of the hashing threads panicked")]
    Panicked,
}

/// What verifying a password found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// The password is the right one.
    pub matches: bool,
    /// The hash is cheaper than new ones are, or another system's; it should be replaced while the
    /// password is known.
    pub outdated: bool,
}

impl Pool {
    /// Starts the threads. It computes one hash, to learn what they cost here.
    ///
    /// # Errors
    ///
    /// If a thread can't be started or the system has no randomness.
    pub fn start(iterations: NonZeroU32) -> anyhow::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, Into::into);
        let started = Instant::now();
        let decoy = decoy(iterations)?;
        let per_hash = started.elapsed().max(Duration::from_micros(1));
        let in_time = (MAX_WAIT.as_nanos() / per_hash.as_nanos()) as usize;
        let (queue, jobs) = crossbeam_channel::bounded((in_time * threads).clamp(1, MAX_QUEUE));
        for n in 0..threads {
            let jobs = jobs.clone();
            thread::Builder::new().name(format!("hash-{n}")).spawn(move || work(&jobs))?;
        }
        let dearest = Arc::new(AtomicU32::new(iterations.get()));
        Ok(Self { queue, iterations, dearest, decoy, per_hash, threads })
    }

    /// Hashes a password with a fresh salt.
    ///
    /// # Errors
    ///
    /// If the queue is full or the system has no randomness.
    pub async fn hash(&self, password: Password) -> Result<PhcHash, PoolError> {
        let Ok((hash, ())) = self.hash_checked(|| Ok::<_, Infallible>((password, ()))).await?;
        Ok(hash)
    }

    /// Hashes a new password with a fresh salt, once `check` has let it through. What that computes
    /// is a part of the work and runs on the same thread; what it refuses is not hashed. The other
    /// value that it returns is handed on.
    ///
    /// # Errors
    ///
    /// If the queue is full, the system has no randomness or `check` panics; inside, what `check`
    /// says.
    pub async fn hash_checked<T: Send + 'static, E: Send + 'static>(
        &self,
        check: impl FnOnce() -> Result<(Password, T), E> + Send + 'static,
    ) -> Result<Result<(PhcHash, T), E>, PoolError> {
        let (salt, iterations) = (random::<SALT_LEN>()?, self.iterations);
        let hash = move || {
            let (password, checked) = check()?;
            let key = derive(password.expose().as_bytes(), &salt, iterations);
            Ok((PhcHash::new(iterations, &salt, &key), checked))
        };
        self.run(hash).await
    }

    /// Whether `password`, as it was typed, is the one behind `stored`. For our own hashes it is
    /// prepared first. Without a stored hash, or if it can't be prepared, the answer is no and takes
    /// just as long.
    ///
    /// # Errors
    ///
    /// If the queue is full.
    pub async fn verify(
        &self,
        password: &Secret,
        stored: Option<&StoredHash>,
    ) -> Result<Verdict, PoolError> {
        let is_known = stored.is_some();
        let stored = stored.unwrap_or(&self.decoy);
        // Also where it is of no use, since a long one takes a while.
        let prepared = Password::prepare(password);
        let is_usable = stored.is_foreign || prepared.is_ok();
        let password = match prepared {
            Ok(prepared) if !stored.is_foreign => prepared.0,
            _ => password.clone(),
        };
        let is_right = match stored.kdf {
            Kdf::Pbkdf2(Prf::Sha256, iterations) => {
                stored.matches(&self.derive(password, &stored.salt, iterations).await?)
            }
            Kdf::Pbkdf2(..) | Kdf::Scrypt(_) => {
                let (stored, dearest) = (stored.clone(), Arc::clone(&self.dearest));
                self.run(move || cost::verify(&stored, password.expose().as_bytes(), &dearest))
                    .await?
            }
        };
        Ok(Verdict {
            matches: is_right && is_known && is_usable,
            outdated: stored.is_outdated(self.iterations),
        })
    }

    /// Runs other work that computes for long.
    ///
    /// # Errors
    ///
    /// If the queue is full or the work panics.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let (reply, answer) = oneshot::channel();
        let work = move || {
            if !reply.is_closed() {
                let _ = reply.send(work());
            }
        };
        self.submit(Job::Run(Box::new(work)), answer).await
    }

    async fn derive(
        &self,
        password: Secret,
        salt: &[u8],
        iterations: NonZeroU32,
    ) -> Result<Key, PoolError> {
        let dearest = self.dearest.fetch_max(iterations.get(), Ordering::Relaxed);
        let padding = NonZeroU32::new(dearest.saturating_sub(iterations.get()));
        let (reply, key) = oneshot::channel();
        let derivation = Derivation { password, salt: salt.to_vec(), iterations, padding, reply };
        self.submit(Job::Derive(derivation), key).await
    }

    async fn submit<T>(&self, job: Job, answer: oneshot::Receiver<T>) -> Result<T, PoolError> {
        // The queue's length is right for the configured cost; dearer hashes take longer.
        if self.wait() > MAX_WAIT {
            return Err(self.overloaded());
        }
        match self.queue.try_send(job) {
            Ok(()) => answer.await.map_err(|_| PoolError::Panicked),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(self.overloaded()),
        }
    }

    fn overloaded(&self) -> PoolError {
        PoolError::Overloaded { retry_after: self.wait() }
    }

    /// When the queue will have been worked off, if all of it are verifications.
    fn wait(&self) -> Duration {
        let dearest = self.dearest.load(Ordering::Relaxed);
        let per_verification =
            self.per_hash.mul_f64(f64::from(dearest) / f64::from(self.iterations.get()));
        let queued = u32::try_from(self.queue.len()).unwrap_or(u32::MAX);
        per_verification * queued / self.threads as u32
    }
}

fn random<const N: usize>() -> Result<[u8; N], PoolError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

fn decoy(iterations: NonZeroU32) -> Result<StoredHash, PoolError> {
    let salt = random::<SALT_LEN>()?;
    derive(b"decoy", &salt, iterations);
    Ok(StoredHash {
        kdf: Kdf::Pbkdf2(Prf::Sha256, iterations),
        salt: salt.to_vec(),
        key: random::<KEY_LEN>()?.to_vec(),
        is_foreign: false,
    })
}

#[cfg(test)]
mod tests;
