use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
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
        Ok(Self { queue, iterations, decoy, per_hash, threads })
    }

    /// Hashes a new password with a fresh salt.
    ///
    /// # Errors
    ///
    /// If the queue is full or the system has no randomness.
    pub async fn hash(&self, password: Password) -> anyhow::Result<StoredHash> {
        let (salt, iterations) = (random_salt()?, self.iterations);
        let key = self.derive(password, salt, iterations, None).await?;
        Ok(StoredHash::new(iterations, salt, &key))
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
        let padding =
            NonZeroU32::new(self.iterations.get().saturating_sub(stored.iterations.get()));
        let password = password.unwrap_or_else(Password::placeholder);
        let key = self.derive(password, stored.salt, stored.iterations, padding).await?;
        Ok(Verdict { matches: stored.matches(&key) && known, outdated: padding.is_some() })
    }

    /// Runs other work that computes for long, such as checking a password against the policy.
    ///
    /// # Errors
    ///
    /// If the queue is full.
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
            // Whoever asked has hung up: a flood of abandoned logins costs nothing.
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

fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context("the system has no randomness")?;
    Ok(bytes)
}

fn random_salt() -> anyhow::Result<Salt> {
    let bytes: [u8; SALT_LEN] = random()?;
    Salt::new(&bytes).map_err(|error| anyhow::anyhow!("unusable salt: {error}"))
}

fn decoy(iterations: NonZeroU32) -> anyhow::Result<StoredHash> {
    let salt = random_salt()?;
    derive(&Password::placeholder(), &salt, iterations);
    let unmatched: [u8; KEY_LEN] = random()?;
    Ok(StoredHash::new(iterations, salt, &unmatched))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(iterations: u32) -> Pool {
        Pool::start(NonZeroU32::new(iterations).unwrap()).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::prepare(&text.into()).unwrap()
    }

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let pool = pool(10);
        let stored = pool.hash(password("right")).await.unwrap();
        let verdict = pool.verify(Some(password("right")), Some(&stored)).await.unwrap();
        assert_eq!(verdict, Verdict { matches: true, outdated: false });
        for (given, stored) in [
            (Some(password("wrong")), Some(&stored)),
            (Some(password("right")), None),
            (None, Some(&stored)),
            (None, None),
        ] {
            assert!(!pool.verify(given, stored).await.unwrap().matches);
        }
    }

    #[tokio::test]
    async fn equal_passwords_get_different_salts() {
        let pool = pool(1);
        let first = pool.hash(password("the same")).await.unwrap();
        let second = pool.hash(password("the same")).await.unwrap();
        assert_ne!(first.to_phc(), second.to_phc());
    }

    #[tokio::test]
    async fn a_cheaper_hash_matches_and_is_called_outdated() {
        let stored = pool(1).hash(password("old")).await.unwrap();
        let verdict = pool(5).verify(Some(password("old")), Some(&stored)).await.unwrap();
        assert_eq!(verdict, Verdict { matches: true, outdated: true });
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
        let (queue, _jobs) = crossbeam_channel::bounded(1);
        let iterations = NonZeroU32::new(1).unwrap();
        let pool = Pool {
            queue,
            iterations,
            decoy: decoy(iterations).unwrap(),
            per_hash: Duration::from_secs(3),
            threads: 1,
        };
        let queued = pool.verify(None, None);
        let refused = async { pool.verify(None, None).await.unwrap_err() };
        tokio::select! {
            biased;
            _ = queued => panic!("nobody works here"),
            refused = refused => assert_eq!(
                refused,
                PoolError::Overloaded { retry_after: Duration::from_secs(3) }
            ),
        }
    }

    #[tokio::test]
    async fn a_panic_costs_one_request_and_no_thread() {
        let pool = pool(1);
        for _ in 0..2 * pool.threads {
            let outcome = pool.run(|| panic!("as a test wants it")).await;
            assert_eq!(outcome, Err::<(), _>(PoolError::Panicked));
        }
        assert_eq!(pool.run(|| "done").await, Ok("done"));
    }
}
