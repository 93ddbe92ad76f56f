//! Hashing takes whole cores; answering requests goes first.

use std::thread;
use std::time::{Duration, Instant};

/// For how long a hashing thread waits for others, at the most, over the time that it works.
const PATIENCE: u32 = 9;

/// Lowers the priority of the calling thread, so that it has a tenth of a core beside another one that is
/// always busy.
///
/// `SCHED_IDLE` would leave it 0.3 %: a flood of verifications could stop all logins.
pub(super) fn yield_to_the_reactor() {
    // On Linux the nice value belongs to the calling thread.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 10) {
        tracing::warn!(%error, "can't lower the priority of a hashing thread");
    }
}

/// The cores that this process may use, if there is one for each of `threads`; else none.
#[cfg(target_os = "linux")]
pub(super) fn a_core_each(threads: usize) -> Vec<usize> {
    let Ok(allowed) = rustix::thread::sched_getaffinity(None) else { return vec![] };
    let cores: Vec<usize> =
        (0..rustix::thread::CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
    if cores.len() == threads { cores } else { vec![] }
}

/// Elsewhere the system is left to it.
#[cfg(not(target_os = "linux"))]
pub(super) fn a_core_each(_: usize) -> Vec<usize> {
    vec![]
}

/// Keeps the calling thread on a core.
///
/// Two hashing threads that are always busy may otherwise come to share one: Linux counts them little,
/// for their priority, and does not look for work on a core that is idle for less than half a
/// millisecond at a time, as one that answers requests is.
#[cfg(target_os = "linux")]
pub(super) fn stay_on(core: usize) {
    let mut only = rustix::thread::CpuSet::new();
    only.set(core);
    if let Err(error) = rustix::thread::sched_setaffinity(None, &only) {
        tracing::warn!(%error, core, "can't keep a hashing thread on a core");
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn stay_on(_: usize) {}

/// Gives way between two turns of hashing.
///
/// The priority alone does not: a thread that wakes a moment before its share is due is not looked at
/// again before the next tick of the kernel's clock, up to 4 ms later.
pub(super) struct Courtesy {
    /// The end of the last pause.
    since: Instant,
    worked: Duration,
    waited: Duration,
}

impl Courtesy {
    pub fn new(now: Instant) -> Self {
        Self { since: now, worked: Duration::ZERO, waited: Duration::ZERO }
    }

    /// Lets others go first, unless this thread has waited for them so long that it is its turn. Linux
    /// takes a yield for more than it is meant and comes back too late to a thread that yields each time.
    pub fn pause(&mut self) {
        if self.gives_way(Instant::now()) {
            thread::yield_now();
            self.goes_on(Instant::now());
        }
    }

    /// Ends a turn; whether to yield then.
    fn gives_way(&mut self, now: Instant) -> bool {
        self.worked += now.saturating_duration_since(self.since);
        self.since = now;
        self.waited < self.worked * PATIENCE
    }

    fn goes_on(&mut self, now: Instant) {
        self.waited += now.saturating_duration_since(self.since);
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn alone_it_gives_way_after_each_turn() {
        let mut now = Instant::now();
        let mut courtesy = Courtesy::new(now);
        for _ in 0..10 {
            now += MS;
            assert!(courtesy.gives_way(now));
            courtesy.goes_on(now);
        }
    }

    #[test]
    fn after_a_long_wait_it_works_until_it_has_had_a_tenth() {
        let mut now = Instant::now();
        let mut courtesy = Courtesy::new(now);
        now += MS;
        assert!(courtesy.gives_way(now));
        now += MS * 27;
        courtesy.goes_on(now);
        let turns = (1..).find(|_| {
            now += MS;
            courtesy.gives_way(now)
        });
        // Four of work in all, against 27 of waiting.
        assert_eq!(turns, Some(3));
    }
}
