//! A short stretch of load on one server.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::PersistentConnection;
use crate::open::Work;
use crate::stats::{median, quantile, sorted};
use crate::sut::Failure;

/// How long a block lasts: for this time, and on until each connection has had so many answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) time: Duration,
    pub(crate) answers: u32,
}

/// What was measured in a block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// How long each right answer took, in microseconds, in ascending order.
    pub(crate) times_us: Vec<f64>,
    /// Right answers per second: of each connection, from the block's start to its own last answer.
    pub(crate) per_second: f64,
    pub(crate) failures: Vec<Failure>,
}

impl Block {
    /// In microseconds; not a number if nothing was answered rightly.
    pub(crate) fn p50(&self) -> f64 {
        median(&self.times_us)
    }

    /// As [`p50`](Self::p50).
    pub(crate) fn p90(&self) -> f64 {
        quantile(&self.times_us, 0.9)
    }
}

/// Loads a server over these connections, with the requests of `work` from number `turn` on. A
/// connection on which a request failed rests for the remainder of the block.
pub(crate) async fn block(
    work: &dyn Work,
    connections: &mut [PersistentConnection],
    turn: &mut u64,
    span: Span,
) -> Block {
    let next = Cell::new(*turn);
    let sum = RefCell::new(Block::default());
    let start = Instant::now();
    join_all(
        connections.iter_mut().map(|connection| one(work, connection, &next, &sum, start, span)),
    )
    .await;
    *turn = next.get();
    let mut block = sum.into_inner();
    block.times_us = sorted(block.times_us);
    block
}

async fn one(
    work: &dyn Work,
    connection: &mut PersistentConnection,
    next: &Cell<u64>,
    sum: &RefCell<Block>,
    start: Instant,
    span: Span,
) {
    let mut answers = 0;
    let mut last = start;
    while answers < span.answers || start.elapsed() < span.time {
        let number = next.replace(next.get() + 1);
        let asked = match work.request(number) {
            Ok(request) => connection.ask(&request).await,
            Err(failure) => Err(failure),
        };
        let read = asked.and_then(|asked| {
            work.read(number, &asked.answer, asked.received)?;
            Ok(asked)
        });
        match read {
            Ok(asked) => {
                answers += 1;
                last = asked.received;
                sum.borrow_mut().times_us.push(asked.took.as_secs_f64() * 1e6);
            }
            Err(failure) => {
                sum.borrow_mut().failures.push(failure);
                break;
            }
        }
    }
    if answers > 0 {
        let took = last.saturating_duration_since(start).as_secs_f64().max(1e-9);
        sum.borrow_mut().per_second += f64::from(answers) / took;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use http::{Request, Response};
    use reqwest::Url;

    use super::*;
    use crate::open::Connector;
    use crate::selftest::DelayServer;
    use crate::sut::Outcome;

    /// Every third answer is called wrong.
    struct Plain {
        wrong: bool,
    }

    impl Work for Plain {
        fn name(&self) -> &str {
            "plain"
        }

        fn request(&self, _: u64) -> Result<Request<Bytes>, Failure> {
            Ok(Request::new(Bytes::new()))
        }

        fn read(&self, number: u64, _: &Response<Bytes>, _: Instant) -> Result<Outcome, Failure> {
            match self.wrong && number % 3 == 2 {
                true => Err(Failure::new(Outcome::Unexpected, "a third", "")),
                false => Ok(Outcome::Ok),
            }
        }
    }

    fn measured(delay: Duration, connections: usize, span: Span, wrong: bool) -> (Block, u64) {
        let server = DelayServer::start(delay).unwrap();
        let url = Url::parse(&format!("http://{}", server.address)).unwrap();
        let connector = Connector::new(&[url], false).unwrap();
        let mut connections: Vec<PersistentConnection> = (0..connections)
            .map(|_| PersistentConnection::new(&connector, Duration::from_secs(10)))
            .collect();
        let work: Arc<dyn Work> = Arc::new(Plain { wrong });
        let mut turn = 0;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let block = runtime.block_on(block(work.as_ref(), &mut connections, &mut turn, span));
        (block, turn)
    }

    #[test]
    fn each_connection_gets_the_answers_asked_for_and_waits_for_each() {
        let span = Span { time: Duration::ZERO, answers: 3 };
        let (block, turn) = measured(Duration::from_millis(20), 2, span, false);
        assert_eq!((block.times_us.len(), turn), (6, 6));
        assert!(block.times_us[0] >= 20_000.0 && block.p90() >= block.p50());
        // Two connections with at most 50 answers per second each.
        assert!(block.per_second <= 100.0, "{}", block.per_second);
    }

    #[test]
    fn a_block_lasts_as_long_as_it_is_told_to() {
        let span = Span { time: Duration::from_millis(100), answers: 0 };
        let (block, _) = measured(Duration::from_millis(20), 1, span, false);
        assert!((1..=5).contains(&block.times_us.len()), "{block:?}");
    }

    #[test]
    fn a_wrong_answer_is_a_failure_and_has_no_time() {
        let span = Span { time: Duration::ZERO, answers: 9 };
        let (block, turn) = measured(Duration::ZERO, 1, span, true);
        assert_eq!((block.times_us.len(), block.failures.len(), turn), (2, 1, 3));
    }
}
