//! The engine against small servers on loopback whose times are known.

mod followed;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use reqwest::Url;
use tokio::sync::watch;

use super::observer::Observer;
use super::plan::{Load, Phase, Plan};
use super::result::RunResult;
use super::{Connector, Glance, Work, faults, judge, run};
use crate::interrupt::Interrupt;
use crate::selftest::{CounterServer, DelayServer};
use crate::sut::{Failure, Outcome};

const MS: Duration = Duration::from_millis(1);

/// Requests without a body; what is not a success is unexpected.
struct Plain;

impl Work for Plain {
    fn name(&self) -> &str {
        "plain"
    }

    fn request(&self, _: u64) -> Result<Request<Bytes>, Failure> {
        Ok(Request::new(Bytes::new()))
    }

    fn read(&self, _: u64, answer: &Response<Bytes>, _: Instant) -> Result<Outcome, Failure> {
        match answer.status().is_success() {
            true => Ok(Outcome::Ok),
            false => Err(Failure::new(Outcome::Unexpected, answer.status().as_str(), "")),
        }
    }
}

/// Raises an interrupt when the first request is due, if it is told to.
struct Watcher {
    interrupt: Option<watch::Sender<bool>>,
    started: u32,
}

impl Observer for Watcher {
    fn started(&mut self) {
        self.started += 1;
        if let Some(interrupt) = &self.interrupt {
            interrupt.send_replace(true);
        }
    }

    fn tick(&mut self, _: &Glance) {}
}

fn carried_out(plan: &Plan, address: std::net::SocketAddr, interrupted: bool) -> RunResult {
    carried_out_by(Plain, plan, address, interrupted)
}

fn carried_out_by(
    work: impl Work + 'static,
    plan: &Plan,
    address: std::net::SocketAddr,
    interrupted: bool,
) -> RunResult {
    let url = Url::parse(&format!("http://{address}")).unwrap();
    let connector = Connector::new(&[url], false).unwrap();
    let work: Arc<dyn Work> = Arc::new(work);
    let (sender, interrupt) = Interrupt::by_hand();
    let mut watcher = Watcher { interrupt: interrupted.then(|| sender.clone()), started: 0 };
    let result = run(plan, &[work], &connector, &interrupt, &mut watcher).unwrap();
    assert_eq!(watcher.started, 1);
    drop(sender);
    result
}

/// This many requests at once, at the start of a run that is as short.
fn at_once(count: usize) -> Plan {
    let loads = vec![Load::At(vec![Duration::ZERO; count])];
    // A busy machine is no reason for a run of these to be late.
    Plan { late_after: 1000 * MS, ..Plan::constant(loads, MS, 10_000 * MS) }
}

#[test]
fn waiting_for_a_free_slot_is_latency_and_neither_service_time_nor_lag() {
    let server = DelayServer::start(20 * MS).unwrap();
    let plan = Plan { max_in_flight: 1, keep_samples: true, ..at_once(5) };
    let result = carried_out(&plan, server.address, false);
    let total = result.total(0);
    assert_eq!((total.offered, total.served(), total.late, total.dropped), (5, 5, 0, 0));
    for (served_before, sample) in (0u32..).zip(result.samples.as_ref().unwrap()) {
        assert_eq!(sample.arrival.number, u64::from(served_before));
        assert!(sample.latency >= 20 * MS * (served_before + 1), "{sample:?}");
        assert!(sample.service.unwrap() <= sample.latency, "{sample:?}");
    }
    let waited = total.latency.max().unwrap() - total.service.max().unwrap();
    assert!(waited >= 60_000, "the last of five waits for four: {waited} us");
    assert_eq!((result.generator.peak_in_flight, result.generator.peak_waiting), (1, 4));
    assert_eq!(result.generator.connections, 1);
}

#[test]
fn requests_with_slots_of_their_own_do_not_wait_for_each_other() {
    let server = DelayServer::start(200 * MS).unwrap();
    let result = carried_out(&at_once(5), server.address, false);
    assert_eq!(result.total(0).served(), 5);
    assert_eq!(result.generator.peak_in_flight, 5);
    assert!(result.total(0).latency.max().unwrap() < 1_000_000, "five in a row take a second");
}

#[test]
fn who_waits_too_long_for_a_slot_is_dropped_and_its_wait_counts() {
    let server = DelayServer::start(300 * MS).unwrap();
    let plan = Plan { max_in_flight: 1, timeout: 400 * MS, ..at_once(4) };
    let result = carried_out(&plan, server.address, false);
    let total = result.total(0);
    // The second one waits 300 ms, the third one 600 ms.
    assert_eq!((total.offered, total.served(), total.dropped), (4, 2, 2));
    assert_eq!((total.latency.count(), total.service.count()), (4, 2));
}

#[test]
fn an_answer_that_does_not_come_in_time_is_a_failure_that_counts_as_long_as_it_was_waited_for() {
    let server = DelayServer::start(5_000 * MS).unwrap();
    let result = carried_out(&Plan { timeout: 100 * MS, ..at_once(2) }, server.address, false);
    let total = result.total(0);
    assert_eq!((total.outcomes.of(Outcome::Transport), total.achieved()), (2, 0));
    assert!(total.latency.quantile(0.5).unwrap() >= 100_000);
    assert_eq!(result.failures[0].kind, "timed out");
}

#[test]
fn a_generator_that_never_sleeps_may_use_all_of_its_core() {
    let server = DelayServer::start(Duration::ZERO).unwrap();
    let plan = Plan {
        busy_wait: true,
        late_after: 1000 * MS,
        ..Plan::constant(vec![Load::constant(20.0)], 500 * MS, 10_000 * MS)
    };
    let mut result = carried_out(&plan, server.address, false);
    assert_eq!((result.total(0).served(), result.generator.realtime), (10, false));
    result.generator.cpu = 1.0;
    assert!(faults(&result).is_empty());
    result.generator.busy_wait = false;
    assert_eq!(faults(&result).len(), 1);
}

#[test]
fn nobody_there_is_a_failure_without_a_time() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let result = carried_out(&at_once(3), address, false);
    let total = result.total(0);
    assert_eq!((total.outcomes.of(Outcome::Transport), total.latency.count()), (3, 0));
    assert_eq!(result.failures[0].kind, "no connection");
}

#[test]
fn a_connection_that_the_server_has_closed_is_replaced() {
    // Each connection answers once and ends, as that of a server whose idle timeout has passed.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
    });
    let apart = vec![Load::At((0..4).map(|n| 50 * MS * n).collect())];
    let plan = Plan { phases: Plan::constant(apart, 200 * MS, MS).phases, ..at_once(0) };
    let result = carried_out(&plan, address, false);
    assert_eq!(result.total(0).served(), 4, "{:?}", result.failures);
    assert_eq!(result.generator.connections, 4);
}

/// A server whose connections each get this answer to their first request; to the next one they get
/// `last` and end. How far they come is how far requests do.
fn closing(last: &'static [u8]) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
            let _ = stream.read(&mut request);
            let _ = stream.write_all(last);
        }
    });
    address
}

#[test]
fn a_request_that_meets_a_closing_connection_is_sent_once_more_and_counted() {
    let apart = vec![Load::At((0..4).map(|n| 50 * MS * n).collect())];
    let plan = Plan { phases: Plan::constant(apart, 200 * MS, MS).phases, ..at_once(0) };
    let result = carried_out(&plan, closing(b""), false);
    assert_eq!(result.total(0).served(), 4, "{:?}", result.failures);
    assert_eq!((result.generator.resent, result.generator.connections), (3, 4));

    // What has begun to answer has taken the request.
    let result = carried_out(&plan, closing(b"HTTP/1.1 204"), false);
    assert_eq!(result.total(0).outcomes.of(Outcome::Transport), 2, "{:?}", result.failures);
    assert_eq!(result.generator.resent, 0);
}

#[test]
fn a_queue_that_grows_to_the_end_is_no_throughput_and_fails_the_run() {
    let server = CounterServer::start(1, 5 * MS).unwrap();
    let offered = |per_s| Plan {
        late_after: 1000 * MS,
        ..Plan::constant(vec![Load::constant(per_s)], 4_000 * MS, 10_000 * MS)
    };
    let result = carried_out(&offered(250.0), server.address, false);
    let total = result.total(0);
    assert_eq!((total.offered, total.served()), (1000, 1000), "all are answered in the end");
    assert!((700..=800).contains(&total.in_time.served()), "{}", total.in_time.served());
    let asked = ["served>=240/s".parse().unwrap()];
    let reason = judge(&result, &asked, None).ending.reason;
    assert!(reason.contains("served>=240/s missed"), "{reason}");
    assert!(reason.contains("keeps up missed"), "{reason}");
    assert!(reason.contains("a queue grew to the end"), "{reason}");

    let result = carried_out(&offered(100.0), server.address, false);
    let keeps_up = judge(&result, &[], None).slos.pop().unwrap();
    assert!(keeps_up.slo == "keeps up" && keeps_up.held, "{keeps_up:?}");
}

#[test]
fn an_interrupt_ends_the_run_early_with_what_there_is() {
    let server = DelayServer::start(Duration::ZERO).unwrap();
    let plan = Plan::constant(vec![Load::constant(100.0)], 600_000 * MS, 10_000 * MS);
    let result = carried_out(&plan, server.address, true);
    assert!(result.interrupted && result.elapsed < 60_000 * MS, "{:?}", result.elapsed);
    let total = result.total(0);
    assert!(total.offered >= 1 && total.offered < 6_000);
    assert_eq!(total.served() + total.dropped, total.offered);
}

#[test]
fn each_phase_and_each_second_has_its_own_figures_and_a_warm_up_does_not_count() {
    let server = DelayServer::start(Duration::ZERO).unwrap();
    let phase = |name: &str, ms: u32, measured, rate| Phase {
        name: name.into(),
        duration: MS * ms,
        measured,
        loads: vec![Load::constant(rate)],
    };
    let phases = vec![phase("warm-up", 500, false, 20.0), phase("load", 1000, true, 100.0)];
    let result = carried_out(&Plan { phases, ..at_once(0) }, server.address, false);
    let offered: Vec<u64> = result.phases.iter().map(|phase| phase.tallies[0].offered).collect();
    assert_eq!(offered, [10, 100]);
    assert_eq!((result.total(0).offered, result.generator.lag.times.count()), (100, 100));
    assert_eq!(result.measured(), 1000 * MS);
    let by_second: Vec<u64> =
        result.timeline.iter().take(2).map(|second| second.tallies[0].offered).collect();
    assert_eq!(by_second, [60, 50]);
}
