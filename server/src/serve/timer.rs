//! The deadlines of a connection.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt;
use tokio::time::{self, Sleep};

/// Tells hyper when a deadline of one connection has passed.
///
/// hyper sets a deadline for each request's head and drops it once the head is there.
/// [`TokioTimer`](hyper_util::rt::TokioTimer) adds and removes an entry in the runtime's timers
/// each time. Here a connection has one entry, which stays when its deadline is dropped. When it
/// fires, there is most likely a later deadline, to which it then moves.
///
/// Deadlines that exist at the same time must be awaited by one task, which polls all of them
/// whenever it wakes.
#[derive(Debug, Default)]
pub(super) struct ConnectionTimer(Arc<Mutex<Alarm>>);

/// Fires at the deadline or earlier.
#[derive(Debug, Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    fn poll(&mut self, deadline: time::Instant, context: &mut Context<'_>) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(time::sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(context));
            if sleep.deadline() == deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

impl rt::Timer for ConnectionTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Deadline { at: deadline.into(), alarm: Arc::clone(&self.0) })
    }

    fn now(&self) -> Instant {
        time::Instant::now().into()
    }
}

/// Becomes ready when its time has come.
struct Deadline {
    at: time::Instant,
    alarm: Arc<Mutex<Alarm>>,
}

impl Future for Deadline {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut alarm = self.alarm.lock().unwrap_or_else(PoisonError::into_inner);
        alarm.poll(self.at, context)
    }
}

impl rt::Sleep for Deadline {}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use hyper::rt::Timer as _;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Whether a deadline passes on time, to the runtime's millisecond.
    async fn passes_after(timer: &ConnectionTimer, seconds: u32) -> bool {
        let (started, time) = (time::Instant::now(), seconds * SECOND);
        timer.sleep(time).await;
        (time..=time + Duration::from_millis(2)).contains(&started.elapsed())
    }

    /// Sets and drops a deadline, as hyper does for a head that is there.
    fn set_and_dropped(timer: &ConnectionTimer, seconds: u32) {
        assert_eq!(timer.sleep(seconds * SECOND).now_or_never(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_passes_when_its_time_has_come() {
        let timer = ConnectionTimer::default();
        for seconds in [30, 1, 0, 30] {
            assert!(passes_after(&timer, seconds).await, "{seconds}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_deadline_does_not_end_a_later_one_nor_put_off_an_earlier_one() {
        let timer = ConnectionTimer::default();
        set_and_dropped(&timer, 30);
        time::advance(20 * SECOND).await;
        assert!(passes_after(&timer, 30).await);
        set_and_dropped(&timer, 30);
        assert!(passes_after(&timer, 10).await);
    }

    #[tokio::test(start_paused = true)]
    async fn many_heads_in_time_and_one_that_is_late() {
        let timer = ConnectionTimer::default();
        for _ in 0..100 {
            set_and_dropped(&timer, 30);
            time::advance(7 * SECOND).await;
        }
        assert!(passes_after(&timer, 30).await);
    }
}
