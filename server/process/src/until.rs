//! Waiting for what the system does not announce.

use std::thread;
use std::time::{Duration, Instant};

/// How long a look is apart from the next one.
pub(crate) const POLL: Duration = Duration::from_millis(5);

/// Waits until the condition holds; says whether it did in time.
pub(crate) fn until(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(POLL);
    }
}
