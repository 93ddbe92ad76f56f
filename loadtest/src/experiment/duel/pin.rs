//! One core for everything: the generator and the servers that it starts.
//!
//! A request of some tens of microseconds takes up to four times as long when it wakes a core that
//! has gone idle, and whether it does changes from one moment to the next. On one core nothing has
//! to be woken: what is left is the work.

use anyhow::Context;

/// Keeps this thread, and the threads and processes that it starts, on one core until it is
/// dropped.
#[derive(Debug)]
pub(crate) struct Pin {
    #[cfg(target_os = "linux")]
    before: rustix::thread::CpuSet,
}

#[cfg(target_os = "linux")]
impl Pin {
    /// On the last core that this thread may use: the first one has the most interrupts to serve.
    pub(crate) fn here() -> anyhow::Result<Self> {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let before = sched_getaffinity(None).context("cannot tell the cores of this thread")?;
        let last = (0..CpuSet::MAX_CPU).rev().find(|core| before.is_set(*core));
        let mut one = CpuSet::new();
        one.set(last.context("there is no core to use")?);
        sched_setaffinity(None, &one).context("cannot keep to one core")?;
        Ok(Self { before })
    }
}

#[cfg(target_os = "linux")]
impl Drop for Pin {
    fn drop(&mut self) {
        // They were its own before.
        let _ = rustix::thread::sched_setaffinity(None, &self.before);
    }
}

/// Elsewhere the system decides, and comparisons are noisier.
#[cfg(not(target_os = "linux"))]
impl Pin {
    pub(crate) fn here() -> anyhow::Result<Self> {
        Ok(Self {})
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::thread::sched_getaffinity;

    use super::*;

    #[test]
    fn threads_that_are_started_meanwhile_keep_to_the_core_and_this_one_is_free_again() {
        let before = sched_getaffinity(None).unwrap();
        let pin = Pin::here().unwrap();
        let inherited = std::thread::spawn(|| sched_getaffinity(None).unwrap()).join().unwrap();
        assert_eq!(inherited.count(), 1);
        drop(pin);
        assert_eq!(sched_getaffinity(None).unwrap(), before);
    }
}
