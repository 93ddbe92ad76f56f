//! How much of a core a hashing thread gets, and how it yields to other threads.

use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

/// How many times its working time a hashing thread waits for others at most.
const PATIENCE: u32 = 9;

/// How long a thread that runs only on an idle core waits before it decides that it gets too
/// little.
const WINDOW: Duration = Duration::from_millis(100);

/// Yields between two steps of hashing, on a thread of low priority.
///
/// The low priority alone is not enough. A thread that wakes just before its share is due must wait
/// for the kernel's next clock tick, up to 4 ms.
pub(super) struct Courtesy {
    since: Spent,
}

impl Courtesy {
    pub(super) fn new() -> Self {
        Self { since: Spent::so_far() }
    }

    /// Yields to other threads, unless this one has waited so long that it is its turn. If it
    /// yielded each time, Linux would let it wait for too long.
    pub(super) fn pause(&mut self) {
        if had_its_share(Spent::so_far().since(self.since)) {
            thread::yield_now();
        }
    }
}

/// Whether the thread had at least a tenth of a core.
fn had_its_share(spent: Spent) -> bool {
    spent.time <= spent.worked * (1 + PATIENCE)
}

/// Finds out whether a thread that runs only on an idle core runs often enough.
pub(super) struct Patience {
    since: Spent,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { since: Spent::so_far() }
    }

    /// Yields to other threads. Breaks if this thread hardly runs.
    pub(super) fn pause(&mut self) -> ControlFlow<()> {
        thread::yield_now();
        if self.is_over(Spent::so_far()) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Whether the thread had less than a tenth of a core in the last window.
    fn is_over(&mut self, now: Spent) -> bool {
        let lately = now.since(self.since);
        if lately.time < WINDOW {
            return false;
        }
        self.since = now;
        !had_its_share(lately)
    }
}

/// A span of time, and for how much of it the calling thread was on a core.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    pub time: Duration,
    pub worked: Duration,
}

impl Spent {
    /// Measured since fixed points in the past.
    #[cfg(target_os = "linux")]
    pub(super) fn so_far() -> Self {
        use rustix::time::{ClockId, clock_gettime};
        let clock = |id| Duration::try_from(clock_gettime(id)).unwrap_or_default();
        Self { time: clock(ClockId::Monotonic), worked: clock(ClockId::ThreadCPUTime) }
    }

    /// On other systems we assume that the thread is always on a core.
    #[cfg(not(target_os = "linux"))]
    pub fn so_far() -> Self {
        static START: std::sync::LazyLock<std::time::Instant> =
            std::sync::LazyLock::new(std::time::Instant::now);
        let time = START.elapsed();
        Self { time, worked: time }
    }

    pub(super) fn since(self, before: Self) -> Self {
        Self {
            time: self.time.saturating_sub(before.time),
            worked: self.worked.saturating_sub(before.worked),
        }
    }

    /// Whether the thread was on a core for most of the time.
    pub(super) fn was_mostly_work(self) -> bool {
        self.worked * 2 > self.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_thread_that_had_less_than_a_tenth_does_not_give_way() {
        for (time, worked, expected) in [(1, 1, true), (10, 1, true), (11, 1, false), (20, 2, true)]
        {
            let spent = Spent { time: MS * time, worked: MS * worked };
            assert_eq!(had_its_share(spent), expected, "{spent:?}");
        }
    }

    #[test]
    fn patience_is_over_when_a_thread_had_less_than_a_tenth_lately() {
        let mut now = Spent { time: MS, worked: MS };
        let mut patience = Patience { since: now };
        let mut is_over = |time: u32, worked: u32| {
            now = Spent { time: now.time + MS * time, worked: now.worked + MS * worked };
            patience.is_over(now)
        };
        assert!(!is_over(99, 0), "it has not waited for long");
        assert!(is_over(1, 9));
        assert!(!is_over(100, 10));
        assert!(!is_over(5000, 5000));
        assert!(is_over(100, 0), "what was before does not count");
        assert!(is_over(100, 0));
    }

    #[test]
    fn a_thread_that_computes_is_on_a_core_and_one_that_waits_is_not() {
        // Others may take most of the core, but hardly at every attempt.
        let computes = || {
            let before = Spent::so_far();
            while Spent::so_far().since(before).time < MS * 5 {}
            Spent::so_far().since(before).was_mostly_work()
        };
        assert!((0..1000).any(|_| computes()));
        if cfg!(target_os = "linux") {
            let before = Spent::so_far();
            let (_hold, never) = std::sync::mpsc::channel::<()>();
            assert!(never.recv_timeout(MS * 20).is_err());
            assert!(!Spent::so_far().since(before).was_mostly_work());
        }
    }
}
