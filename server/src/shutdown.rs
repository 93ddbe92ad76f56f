//! How far a shutdown has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// The stages of a shutdown, in their order.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// None has begun.
    #[default]
    Serving,
    /// The signal has come. `/readyz` answers 503, and all else is served as usual.
    Announced,
    /// No connection is accepted any more. Each open one may bring in one more request; its answer
    /// has `Connection: close`.
    LastCall,
    /// Requests that are there as a whole are answered; nobody waits for others.
    Closing,
}

/// The shutdown of one listener. Clones are about the same one.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stage: watch::Sender<Stage>,
    /// The same as the stage says, without its lock: each answer asks. Set before the stage is, so
    /// that whoever is told of the stage finds them set.
    has_begun: AtomicBool,
    closes_connections: AtomicBool,
}

impl Shutdown {
    /// Goes on to `stage`; never back.
    pub fn enter(&self, stage: Stage) {
        if stage > Stage::Serving {
            self.0.has_begun.store(true, Ordering::Release);
        }
        if stage >= Stage::LastCall {
            self.0.closes_connections.store(true, Ordering::Relaxed);
        }
        self.0.stage.send_if_modified(|current| {
            let is_later = stage > *current;
            *current = stage.max(*current);
            is_later
        });
    }

    /// Whether the signal has come.
    pub fn is_announced(&self) -> bool {
        *self.0.stage.borrow() >= Stage::Announced
    }

    /// Whether any stage but the first one has begun, or is about to.
    pub fn has_begun(&self) -> bool {
        self.0.has_begun.load(Ordering::Acquire)
    }

    /// Whether each answer is the last one of its connection.
    pub fn closes_connections(&self) -> bool {
        self.0.closes_connections.load(Ordering::Relaxed)
    }

    /// Waits until `stage` or a later one has begun.
    pub async fn reached(&self, stage: Stage) {
        // The sender is not dropped meanwhile, so there is no error.
        let _ = self.0.stage.subscribe().wait_for(|current| *current >= stage).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_shutdown_never_goes_back() {
        let shutdown = Shutdown::default();
        assert!(!shutdown.has_begun() && !shutdown.is_announced());
        assert!(!shutdown.closes_connections());
        shutdown.enter(Stage::LastCall);
        assert!(shutdown.has_begun());
        shutdown.enter(Stage::Announced);
        assert!(shutdown.is_announced() && shutdown.closes_connections());
        assert!(shutdown.reached(Stage::Announced).now_or_never().is_some());
        assert!(shutdown.reached(Stage::Closing).now_or_never().is_none());
    }
}
