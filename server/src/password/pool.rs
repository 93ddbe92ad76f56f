use std::convert::Infallible;
use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError};
use hallpass_kdf::{Input, KEY_LEN, Key};
use phc::Salt;
use tokio::sync::oneshot;

use super::phc::SALT_LEN;
use super::{Password, StoredHash};

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
    /// The most iterations that any stored hash was seen to have. All verifications cost these, so
    /// that neither an old hash nor an unknown user can be timed.
    dearest: AtomicU32,
    /// Verified against when there is no such user, so that both take the same time.
    decoy: StoredHash,
    /// What one derivation took when the pool started.
    per_hash: Duration,
    threads: usize,
}

enum Job {
    Derive(Derivation),
    Run(Box<dyn FnOnce() + Send>),
}

struct Derivation {
    password: Password,
    salt: Salt,
    iterations: NonZeroU32,
    /// Derived and thrown away after the key, so that an old, cheaper hash takes as long as a new
    /// one and its age can't be timed.
    padding: Option<NonZeroU32>,
    reply: oneshot::Sender<Key>,
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
    /// The hash is cheaper than new ones are; it should be replaced while the password is known.
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
        let dearest = AtomicU32::new(iterations.get());
        Ok(Self { queue, iterations, dearest, decoy, per_hash, threads })
    }

    /// Hashes a password with a fresh salt.
    ///
    /// # Errors
    ///
    /// If the queue is full or the system has no randomness.
    pub async fn hash(&self, password: Password) -> Result<StoredHash, PoolError> {
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
    ) -> Result<Result<(StoredHash, T), E>, PoolError> {
        let (salt, iterations) = (random_salt()?, self.iterations);
        let hash = move || {
            let (password, checked) = check()?;
            let key = derive(&password, &salt, iterations);
            Ok((StoredHash::new(iterations, salt, &key), checked))
        };
        self.run(hash).await
    }

    /// Whether `password` is the one behind `stored`. Without a stored hash, or without a usable
    /// password, the answer is no and takes just as long.
    ///
    /// # Errors
    ///
    /// If the queue is full.
    pub async fn verify(
        &self,
        password: Option<Password>,
        stored: Option<&StoredHash>,
    ) -> Result<Verdict, PoolError> {
        let known = password.is_some() && stored.is_some();
        let stored = stored.unwrap_or(&self.decoy);
        let iterations = stored.iterations.get();
        let dearest = self.dearest.fetch_max(iterations, Ordering::Relaxed);
        let padding = NonZeroU32::new(dearest.saturating_sub(iterations));
        let password = password.unwrap_or_else(Password::placeholder);
        let key = self.derive(password, stored.salt, stored.iterations, padding).await?;
        let outdated = iterations < self.iterations.get();
        Ok(Verdict { matches: stored.matches(&key) && known, outdated })
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
        password: Password,
        salt: Salt,
        iterations: NonZeroU32,
        padding: Option<NonZeroU32>,
    ) -> Result<Key, PoolError> {
        let (reply, key) = oneshot::channel();
        let derivation = Derivation { password, salt, iterations, padding, reply };
        self.submit(Job::Derive(derivation), key).await
    }

    async fn submit<T>(&self, job: Job, answer: oneshot::Receiver<T>) -> Result<T, PoolError> {
        match self.queue.try_send(job) {
            Ok(()) => answer.await.map_err(|_| PoolError::Panicked),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(self.overloaded()),
        }
    }

    fn overloaded(&self) -> PoolError {
        let queued = u32::try_from(self.queue.len()).unwrap_or(u32::MAX);
        PoolError::Overloaded { retry_after: self.per_hash * queued / self.threads as u32 }
    }
}

fn work(jobs: &Receiver<Job>) {
    yield_to_the_reactor();
    // The iteration ends when the pool, and with it the last sender, is dropped.
    for job in jobs {
        // One request's panic must not take the thread from all the others; the asker learns of
        // it by the reply that never comes.
        let _ = std::panic::catch_unwind(AssertUnwindSafe(|| job.run()));
    }
}

impl Job {
    fn run(self) {
        match self {
            Self::Run(work) => work(),
            // Whoever asked has hung up, and hyper noticed: nobody waits for the key.
            Self::Derive(derivation) if derivation.reply.is_closed() => {}
            Self::Derive(derivation) => derivation.run(),
        }
    }
}

impl Derivation {
    fn run(self) {
        let key = derive(&self.password, &self.salt, self.iterations);
        if let Some(padding) = self.padding {
            std::hint::black_box(derive(&self.password, &self.salt, padding));
        }
        // The asker may have hung up meanwhile, which changes nothing.
        let _ = self.reply.send(key);
    }
}

/// Hashing takes whole cores; answering requests goes first.
fn yield_to_the_reactor() {
    // On Linux the nice value belongs to the calling thread.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::warn!(%error, "can't lower the priority of a hashing thread");
    }
}

fn derive(password: &Password, salt: &Salt, iterations: NonZeroU32) -> Key {
    let input = Input { password: password.expose().as_bytes(), salt };
    hallpass_kdf::derive(iterations, &[input])[0]
}

fn random<const N: usize>() -> Result<[u8; N], PoolError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

fn random_salt() -> Result<Salt, PoolError> {
    let bytes: [u8; SALT_LEN] = random()?;
    Ok(Salt::new(&bytes).expect("16 bytes are within the 8 to 48 that PHC allows"))
}

fn decoy(iterations: NonZeroU32) -> Result<StoredHash, PoolError> {
    let salt = random_salt()?;
    derive(&Password::placeholder(), &salt, iterations);
    let unmatched: [u8; KEY_LEN] = random()?;
    Ok(StoredHash::new(iterations, salt, &unmatched))
}

#[cfg(test)]
mod tests;
