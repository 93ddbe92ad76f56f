//! How long a connection waits for the head of a request.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep};
use zeroize::Zeroize as _;

use crate::clock::CoarseTime;

/// How much is read at once from a connection that sleeps. Most requests are shorter.
const AHEAD_BYTES: usize = 4096;

/// Since when a connection waits for the head of a request.
///
/// hyper can limit that time by itself. For each request it then allocates a timer, reads the clock
/// and asks for more bytes once more. Here a connection has one timer, which looks at this when it
/// fires.
#[derive(Debug)]
pub(super) struct HeadWait {
    /// Whether a request is being answered, so that nothing has to come.
    answering: AtomicBool,
    /// Whether nothing but the rest of the answer's bytes is still to come and to go. Then the
    /// connection is between two requests once all of them are sent.
    is_between: AtomicBool,
    /// Whether bytes of an answer are left that the client could not take yet. They wait here, or
    /// encrypted in the stream.
    is_blocked: AtomicBool,
    /// When the connection began, or its client last took bytes of an answer.
    since: AtomicU64,
}

impl HeadWait {
    /// It begins.
    pub(super) fn start() -> Self {
        let now = CoarseTime::now().as_nanos();
        Self {
            answering: AtomicBool::new(false),
            is_between: AtomicBool::new(false),
            is_blocked: AtomicBool::new(false),
            since: AtomicU64::new(now),
        }
    }

    /// A head is there.
    pub(super) fn head_came(&self) {
        self.is_between.store(false, Ordering::Relaxed);
        self.answering.store(true, Ordering::Relaxed);
    }

    /// The answer is there, and goes out from now on. `is_all`: the request had no body of which
    /// something may still come, and all of the answer is known.
    pub(super) fn answered(&self, is_all: bool) {
        self.wrote();
        self.is_between.store(is_all, Ordering::Relaxed);
        self.answering.store(false, Ordering::Relaxed);
    }

    /// Whether the connection is between two requests. Said only once for each answer: whoever asks
    /// may then find the beginning of another request, and must wait for its end.
    pub(super) fn take_between(&self) -> bool {
        !self.is_blocked.load(Ordering::Relaxed) && self.is_between.swap(false, Ordering::Relaxed)
    }

    fn wrote(&self) {
        self.since.store(CoarseTime::now().as_nanos(), Ordering::Relaxed);
    }

    /// Ready once the head has not come within `limit`. `alarm` fires then or earlier. It must fire
    /// also for a task that has used up its turn: nobody asks again before.
    pub(super) fn poll_end(
        &self,
        mut alarm: Pin<&mut Sleep>,
        limit: Duration,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            ready!(pin!(unconstrained(alarm.as_mut())).poll(context));
            let left = self.left(limit, CoarseTime::now());
            if left.is_zero() {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(Instant::now() + left);
        }
    }

    /// How long the head may still take, if it may take `limit` in all.
    fn left(&self, limit: Duration, now: CoarseTime) -> Duration {
        if self.answering.load(Ordering::Relaxed) || self.is_blocked.load(Ordering::Relaxed) {
            return limit;
        }
        let since = CoarseTime::from_nanos(self.since.load(Ordering::Relaxed));
        limit.saturating_sub(now.since(since))
    }
}

/// The stream of a connection. It notes when its client takes bytes, since nobody waits for a head
/// meanwhile.
pub(super) struct Watched<S> {
    stream: S,
    wait: Arc<HeadWait>,
    /// What has been read already, and comes first.
    ahead: Bytes,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, wait: Arc<HeadWait>) -> Self {
        Self { stream, wait, ahead: Bytes::new() }
    }

    /// Puts back what was read. It is copied: even an empty piece of a buffer keeps all of it.
    pub(super) fn put_back(&mut self, ahead: &[u8]) {
        self.ahead = Bytes::copy_from_slice(ahead);
    }

    /// Whether there are bytes that were read already.
    pub(super) fn has_bytes(&self) -> bool {
        !self.ahead.is_empty()
    }

    fn wrote<T>(&self, written: Poll<T>) -> Poll<T> {
        self.wait.is_blocked.store(written.is_pending(), Ordering::Relaxed);
        if written.is_ready() {
            self.wait.wrote();
        }
        written
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Ready once there are bytes to read, or the client is gone: whether there are bytes. It takes
    /// no memory before that. As with hyper, a client may also go with an error between two
    /// requests.
    pub(super) fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        thread_local!(static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; AHEAD_BYTES].into()));
        if self.has_bytes() {
            return Poll::Ready(true);
        }
        BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            self.ahead = Bytes::copy_from_slice(buffer.filled());
            buffer.filled_mut().zeroize();
            Poll::Ready(read.is_ok() && self.has_bytes())
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let some = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.ahead.split_to(some));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// With TLS, `poll_write` takes all that there is. Only this says whether the client took it.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if flushed.is_pending() || self.wait.is_blocked.load(Ordering::Relaxed) {
            return self.wrote(flushed);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.wait.is_between.store(false, Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::mem;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufWriter};
    use tokio::task::coop::{has_budget_remaining, poll_proceed};
    use tokio::time::{sleep, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    fn in_seconds(seconds: u64) -> CoarseTime {
        CoarseTime::now().after(Duration::from_secs(seconds))
    }

    #[test]
    fn a_silent_client_has_less_and_less_time_and_one_that_waits_for_an_answer_has_all() {
        let wait = HeadWait::start();
        let left = wait.left(LIMIT, in_seconds(20));
        assert!(left > Duration::from_secs(8) && left <= Duration::from_secs(10), "{left:?}");
        assert_eq!(wait.left(LIMIT, in_seconds(31)), Duration::ZERO);
        wait.head_came();
        assert_eq!(wait.left(LIMIT, in_seconds(300)), LIMIT);
        wait.answered(true);
        assert_eq!(wait.left(LIMIT, in_seconds(31)), Duration::ZERO);
    }

    #[tokio::test]
    async fn the_time_begins_anew_when_the_client_takes_bytes() {
        let long_ago = AtomicU64::new(0);
        let wait = Arc::new(HeadWait { since: long_ago, ..HeadWait::start() });
        assert_eq!(wait.left(LIMIT, in_seconds(0)), Duration::ZERO);
        let (ours, _theirs) = tokio::io::duplex(1024);
        Watched::new(ours, Arc::clone(&wait)).write_all(b"an answer").await.unwrap();
        assert!(wait.left(LIMIT, in_seconds(0)) > Duration::ZERO);
    }

    #[tokio::test]
    async fn an_answer_that_the_stream_still_holds_is_not_sent() {
        let wait = Arc::new(HeadWait::start());
        let (ours, mut theirs) = tokio::io::duplex(8);
        // Like TLS, it takes all that there is.
        let mut stream = Watched::new(BufWriter::new(ours), Arc::clone(&wait));
        wait.head_came();
        wait.answered(true);
        stream.write_all(b"a long answer").await.unwrap();
        let mut flush = Box::pin(stream.flush());
        let is_pending = poll_fn(|context| Poll::Ready(flush.as_mut().poll(context).is_pending()));
        assert!(is_pending.await);
        assert!(!wait.take_between());
        assert_eq!(wait.left(LIMIT, in_seconds(31)), LIMIT, "the client may take its time");
        theirs.read_exact(&mut [0; 8]).await.unwrap();
        flush.await.unwrap();
        assert!(wait.take_between());
        assert!(!wait.take_between(), "it was said");
    }

    #[tokio::test(start_paused = true)]
    async fn the_alarm_fires_for_a_task_that_has_used_up_its_turn() {
        let wait = HeadWait { since: AtomicU64::new(0), ..HeadWait::start() };
        let mut alarm = pin!(sleep(LIMIT));
        let mut is_first = true;
        let end = poll_fn(|context| {
            while has_budget_remaining() {
                if let Poll::Ready(turn) = poll_proceed(context) {
                    turn.made_progress();
                }
            }
            if mem::replace(&mut is_first, false) || alarm.is_elapsed() {
                return wait.poll_end(alarm.as_mut(), LIMIT, context);
            }
            Poll::Pending
        });
        timeout(2 * LIMIT, end).await.expect("the alarm has woken it");
    }
}
