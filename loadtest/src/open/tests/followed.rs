//! Requests that take several until they are done, and those that cannot be sent.

use std::sync::Mutex;

use super::*;

/// Requests of two steps. `refuses` are the numbers for which there is none to send.
#[derive(Default)]
struct TwoSteps {
    refuses: Vec<u64>,
    /// The numbers whose second step was sent.
    followed: Mutex<Vec<u64>>,
    /// Whether an answer to the first step is wrong.
    is_wrong: bool,
}

impl Work for TwoSteps {
    fn name(&self) -> &str {
        "two steps"
    }

    fn request(&self, number: u64) -> Result<Request<Bytes>, Failure> {
        match self.refuses.contains(&number) {
            false => Plain.request(number),
            true => Err(Failure::new(Outcome::Transport, "nothing to send", "")),
        }
    }

    fn next(&self, number: u64, _: &Response<Bytes>) -> Result<Option<Request<Bytes>>, Failure> {
        let mut followed = self.followed.lock().unwrap();
        if self.is_wrong {
            return Err(Failure::new(Outcome::Unexpected, "a wrong first step", ""));
        }
        if followed.contains(&number) {
            return Ok(None);
        }
        followed.push(number);
        Plain.request(number).map(Some)
    }

    fn read(&self, n: u64, answer: &Response<Bytes>, at: Instant) -> Result<Outcome, Failure> {
        assert!(self.followed.lock().unwrap().contains(&n), "the first answer was taken for all");
        Plain.read(n, answer, at)
    }
}

#[test]
fn a_request_of_two_steps_counts_once_and_its_times_span_both() {
    let server = DelayServer::start(20 * MS).unwrap();
    let result = carried_out_by(TwoSteps::default(), &at_once(3), server.address, false);
    let total = result.total(0);
    assert_eq!((total.offered, total.served(), total.achieved()), (3, 3, 3));
    let shortest = |times: &crate::histogram::Times| times.quantile(0.01).unwrap();
    assert!(shortest(&total.latency) >= 40_000, "{}", shortest(&total.latency));
    assert!(shortest(&total.service) >= 40_000, "{}", shortest(&total.service));
    assert_eq!(result.generator.connections, 3, "a second step goes where the first one went");
    assert_eq!(result.generator.lag.times.count(), 3);
}

#[test]
fn both_steps_have_one_time_out() {
    let server = DelayServer::start(300 * MS).unwrap();
    let plan = Plan { timeout: 400 * MS, ..at_once(2) };
    let result = carried_out_by(TwoSteps::default(), &plan, server.address, false);
    assert_eq!(result.total(0).outcomes.of(Outcome::Transport), 2);
    assert_eq!(result.failures[0].kind, "timed out");
}

#[test]
fn a_wrong_first_step_is_a_failure_and_the_last_request() {
    let server = DelayServer::start(Duration::ZERO).unwrap();
    let work = TwoSteps { is_wrong: true, ..TwoSteps::default() };
    let result = carried_out_by(work, &at_once(2), server.address, false);
    assert_eq!(result.total(0).outcomes.of(Outcome::Unexpected), 2);
    assert_eq!(result.failures[0].kind, "a wrong first step");
}

#[test]
fn what_cannot_be_sent_is_a_failure_and_the_generator_was_as_late_as_it_was() {
    let server = DelayServer::start(Duration::ZERO).unwrap();
    let work = TwoSteps { refuses: vec![1, 2], ..TwoSteps::default() };
    let plan = Plan { max_in_flight: 1, ..at_once(4) };
    let result = carried_out_by(work, &plan, server.address, false);
    let total = result.total(0);
    assert_eq!((total.served(), total.outcomes.of(Outcome::Transport)), (2, 2));
    assert_eq!(result.failures[0].kind, "nothing to send");
    assert_eq!(result.generator.lag.times.count(), 4);
    assert_eq!(result.generator.connections, 1, "the connection is kept meanwhile");
}
