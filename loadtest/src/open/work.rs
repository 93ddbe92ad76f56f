//! The requests of one stream, and how their answers are read.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};

use crate::sut::{Failure, Outcome};

/// A stream of requests under one name. One thread calls it between all other requests: what takes
/// it longer than microseconds makes the generator late.
pub(crate) trait Work: Send + Sync {
    /// The key of its figures in reports.
    fn name(&self) -> &str;

    /// The request that arrives as the stream's `number`-th, counted from 0. Of its URI, path and
    /// query count.
    ///
    /// # Errors
    ///
    /// There is none to send, such as when no account is left for it.
    fn request(&self, number: u64) -> Result<Request<Bytes>, Failure>;

    /// The request that follows this answer, if it takes several until it is done. They are one
    /// request to those who count: its latency and its time-out go on, on the same connection.
    /// `None` if that was the last answer, which [`read`](Self::read) is given. Only the open loop
    /// follows.
    ///
    /// # Errors
    ///
    /// The answer is not what was asked for.
    fn next(&self, _number: u64, _: &Response<Bytes>) -> Result<Option<Request<Bytes>>, Failure> {
        Ok(None)
    }

    /// Which of the hosts gets that request: this number, counted on round all of them. An attempt
    /// after a failed one goes to the next host.
    fn host(&self, number: u64) -> u64 {
        number
    }

    /// What the answer to that request amounts to, when its last byte came at `received`.
    ///
    /// # Errors
    ///
    /// It is not what was asked for.
    fn read(
        &self,
        number: u64,
        answer: &Response<Bytes>,
        received: Instant,
    ) -> Result<Outcome, Failure>;

    /// How long to wait until that request is sent once more, after its `attempt`-th attempt
    /// (counted from 1) failed like this. `None` to leave it at that. Its latency goes on, and it
    /// is counted once, by its last attempt.
    fn again(&self, _number: u64, _attempt: u32, _failed: Outcome) -> Option<Duration> {
        None
    }
}
