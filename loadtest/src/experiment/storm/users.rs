//! Users who sign in and, if they are told to, try again when they are refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fastrand::Rng;
use http::header::RETRY_AFTER;
use http::{Request, Response};

use crate::open::Work;
use crate::sut::{Failure, Outcome};

/// No one waits longer than this before the next attempt, unless the server says so.
const LONGEST: Duration = Duration::from_secs(10);

/// How a user tries again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Retry {
    /// Attempts in all.
    pub(super) attempts: u32,
    /// Before the second attempt; twice as long before each further one.
    pub(super) backoff: Duration,
    /// Whether each user waits up to twice as long, at random, so that those who were refused
    /// together do not come back together.
    pub(super) jitter: bool,
}

impl Retry {
    /// How long to wait after the `attempt`-th attempt, counted from 1, was refused; `None` to give
    /// up. `random` is from 0 to 1.
    pub(super) fn pause(
        &self,
        attempt: u32,
        refused: Outcome,
        retry_after: Option<Duration>,
        random: f64,
    ) -> Option<Duration> {
        let may_pass =
            matches!(refused, Outcome::Throttled | Outcome::Overloaded | Outcome::Transport);
        if !may_pass || attempt >= self.attempts {
            return None;
        }
        let doubled = self.backoff.saturating_mul(1 << (attempt - 1).min(20)).min(LONGEST);
        let pause = doubled.max(retry_after.unwrap_or_default());
        Some(if self.jitter { pause.mul_f64(1.0 + random) } else { pause })
    }
}

/// The logins of a storm.
pub(super) struct StormUsers {
    login: Arc<dyn Work>,
    retry: Option<Retry>,
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    /// What the last answer to a user said.
    retry_after: HashMap<u64, Duration>,
    /// When each attempt began.
    attempts: Vec<Instant>,
    random: Rng,
}

impl StormUsers {
    pub(super) fn new(login: Arc<dyn Work>, retry: Option<Retry>, random: Rng) -> Self {
        let book = Book { retry_after: HashMap::new(), attempts: Vec::new(), random };
        Self { login, retry, book: Mutex::new(book) }
    }

    /// When each attempt began.
    pub(super) fn attempts(&self) -> Vec<Instant> {
        self.book().attempts.clone()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Work for StormUsers {
    fn name(&self) -> &str {
        "storm"
    }

    fn host(&self, number: u64) -> u64 {
        self.login.host(number)
    }

    fn request(&self, number: u64) -> Result<Request<Bytes>, Failure> {
        self.book().attempts.push(Instant::now());
        self.login.request(number)
    }

    fn read(
        &self,
        number: u64,
        answer: &Response<Bytes>,
        received: Instant,
    ) -> Result<Outcome, Failure> {
        match seconds(answer) {
            Some(seconds) => drop(self.book().retry_after.insert(number, seconds)),
            None => drop(self.book().retry_after.remove(&number)),
        }
        self.login.read(number, answer, received)
    }

    fn again(&self, number: u64, attempt: u32, failed: Outcome) -> Option<Duration> {
        let mut book = self.book();
        let retry_after = book.retry_after.remove(&number);
        let random = book.random.f64();
        self.retry?.pause(attempt, failed, retry_after, random)
    }
}

/// `Retry-After` in seconds (RFC 9110 section 10.2.3); its other form, a date, counts as none.
fn seconds(answer: &Response<Bytes>) -> Option<Duration> {
    let value = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry { attempts: 4, backoff: Duration::from_secs(1), jitter: false };

    fn pause(attempt: u32, retry_after: Option<u64>) -> Option<u64> {
        let retry_after = retry_after.map(Duration::from_secs);
        let pause = RETRY.pause(attempt, Outcome::Overloaded, retry_after, 0.5);
        pause.map(|pause| pause.as_secs())
    }

    #[test]
    fn each_pause_is_twice_the_last_until_the_attempts_are_used_up() {
        assert_eq!([1, 2, 3, 4].map(|n| pause(n, None)), [Some(1), Some(2), Some(4), None]);
        let many = Retry { attempts: 100, ..RETRY };
        assert_eq!(many.pause(50, Outcome::Overloaded, None, 0.5), Some(LONGEST));
    }

    #[test]
    fn the_server_may_ask_for_more_patience_but_not_for_less() {
        assert_eq!(pause(1, Some(7)), Some(7));
        assert_eq!(pause(3, Some(1)), Some(4));
        assert_eq!(pause(1, Some(60)), Some(60));
    }

    #[test]
    fn with_jitter_a_pause_is_up_to_twice_as_long_and_never_shorter() {
        let jitter = Retry { jitter: true, ..RETRY };
        let pause = |random| jitter.pause(1, Outcome::Throttled, None, random).unwrap();
        assert_eq!([0.0, 0.5, 1.0].map(|r| pause(r).as_millis()), [1000, 1500, 2000]);
    }

    #[test]
    fn what_will_not_pass_is_not_tried_again() {
        assert_eq!(RETRY.pause(1, Outcome::Unexpected, None, 0.5), None);
        assert!(RETRY.pause(1, Outcome::Transport, None, 0.5).is_some());
    }

    #[test]
    fn retry_after_is_read_in_seconds() {
        let answer = |text: &'static str| {
            Response::builder().header(RETRY_AFTER, text).body(Bytes::new()).unwrap()
        };
        assert_eq!(seconds(&answer("3")), Some(Duration::from_secs(3)));
        assert_eq!(seconds(&answer("Wed, 21 Oct 2026 07:28:00 GMT")), None);
        assert_eq!(seconds(&Response::new(Bytes::new())), None);
    }
}
