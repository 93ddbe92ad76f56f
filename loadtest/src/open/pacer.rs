//! Waits for a point in time more precisely than tokio's timer, which has a grain of a millisecond.

use std::io;
use std::time::{Duration, Instant};

/// How long the generator watches the clock or its connections in place of sleeping. That is longer
/// than the kernel takes to wake a thread, even on a virtual machine with an idle core.
const SPIN: Duration = Duration::from_micros(250);
/// At most one part in so many of a wait is spent busily: the server may need the core.
const SPIN_PART: u32 = 10;

/// How much of a wait may be spent busily.
pub(crate) fn busily(wait: Duration) -> Duration {
    SPIN.min(wait / SPIN_PART)
}

/// Waits on a kernel timer (`timerfd_create(2)`), which has no grain and no timer slack. For the
/// last bit it watches the clock: to wake a thread takes the kernel tens of microseconds, on a
/// virtual machine over a hundred.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(crate) struct Pacer {
    timer: tokio::io::unix::AsyncFd<rustix::fd::OwnedFd>,
    never_sleeps: bool,
}

#[cfg(target_os = "linux")]
impl Pacer {
    /// A timer of the current tokio runtime's; one that never sleeps only looks at the clock.
    pub(crate) fn new(never_sleeps: bool) -> io::Result<Self> {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe; what is owned and never moved is sound"
        )]
        let timer = tokio::io::unix::AsyncFd::new(timer)?;
        Ok(Self { timer, never_sleeps })
    }

    /// Returns at once if the time has come. Other tasks go on meanwhile.
    pub(crate) async fn sleep_until(&self, due: Instant) -> io::Result<()> {
        if !self.never_sleeps {
            let left = due.saturating_duration_since(Instant::now());
            self.wake_after(left - busily(left)).await?;
        }
        while Instant::now() < due {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn wake_after(&self, left: Duration) -> io::Result<()> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        if left.is_zero() {
            return Ok(());
        }
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        let it_value = Timespec::try_from(left).map_err(io::Error::other)?;
        let once = Itimerspec { it_interval: none, it_value };
        timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        loop {
            let mut expired = self.timer.readable().await?;
            let read = |timer: &tokio::io::unix::AsyncFd<rustix::fd::OwnedFd>| {
                rustix::io::read(timer.get_ref(), &mut [0; 8]).map_err(io::Error::from)
            };
            if let Ok(read) = expired.try_io(read) {
                return read.map(|_| ());
            }
        }
    }
}

/// Elsewhere the runtime's own timer has to do.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(crate) struct Pacer;

#[cfg(not(target_os = "linux"))]
impl Pacer {
    pub(crate) fn new(_never_sleeps: bool) -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) async fn sleep_until(&self, due: Instant) -> io::Result<()> {
        tokio::time::sleep_until(due.into()).await;
        Ok(())
    }
}

/// The processor time that the calling thread has used.
pub(crate) fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Puts the calling thread before all that are not of real time, as a superuser may (`SCHED_FIFO`
/// of sched(7)); whether it is. A thread that wakes up otherwise waits until another one's slice is
/// over, a few milliseconds where the server hashes passwords on the same machine.
pub(crate) fn go_first() -> bool {
    use thread_priority::unix::{set_thread_priority_and_policy, thread_native_id};
    use thread_priority::{RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
    let first = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, first).is_ok()
}
