use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;

use crossbeam_channel::Receiver;
use hallpass_contract::Secret;
use hallpass_kdf::{Input, Key};
use tokio::sync::oneshot;

/// What is queued.
pub(super) enum Job {
    Derive(Derivation),
    Run(Box<dyn FnOnce() + Send>),
}

/// Of a key that is verified.
pub(super) struct Derivation {
    pub password: Secret,
    pub salt: Vec<u8>,
    pub iterations: NonZeroU32,
    /// Derived and thrown away after the key, so that an old, cheaper hash takes as long as a new
    /// one and its age can't be timed.
    pub padding: Option<NonZeroU32>,
    pub reply: oneshot::Sender<Key>,
}

/// Works off the queue until the pool is dropped.
pub(super) fn work(jobs: &Receiver<Job>) {
    yield_to_the_reactor();
    // The iteration ends when the pool, and with it the last sender, is dropped.
    for job in jobs {
        // One request's panic must not take the thread from all the others; the asker learns of
        // it by the reply that never comes.
        let _ = std::panic::catch_unwind(AssertUnwindSafe(|| job.run()));
    }
}

impl Job {
    pub fn run(self) {
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
        let password = self.password.expose().as_bytes();
        let key = derive(password, &self.salt, self.iterations);
        if let Some(padding) = self.padding {
            std::hint::black_box(derive(password, &self.salt, padding));
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

pub(super) fn derive(password: &[u8], salt: &[u8], iterations: NonZeroU32) -> Key {
    hallpass_kdf::derive(&[Input::new(password, salt, iterations)])[0]
}
