mod buckets;
mod shared;
mod streaks;
mod wide;

use std::future::ready;
use std::net::{Ipv4Addr, Ipv6Addr};

use futures_util::FutureExt as _;
use hallpass_contract::kind;
use http::StatusCode;
use http::header::RETRY_AFTER;
use jiff::Timestamp;

use super::*;
use crate::metrics::Metrics;
use crate::problem::Problem;

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
const CAFE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));

struct Bench {
    throttle: Throttle,
    clock: Clock,
}

impl Bench {
    fn new() -> Self {
        let clock = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
        let refusals = Metrics::default().throttled.clone();
        Self { throttle: Throttle::new(alone(), clock.clone(), refusals), clock }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Begins an attempt from an address that is unknown to the account.
    fn begin(&self, address: IpAddr, account: &str) -> Result<Attempt<'_>, RetryAfter> {
        self.begin_at(address, account, false)
    }

    fn begin_at(
        &self,
        address: IpAddr,
        account: &str,
        known: bool,
    ) -> Result<Attempt<'_>, RetryAfter> {
        let attempt = self.throttle.attempt(address, account, ready(Ok(known)));
        attempt.now_or_never().expect("nothing waits")
    }

    fn fail(&self, address: IpAddr, account: &str) -> Result<(), RetryAfter> {
        self.begin(address, account).map(Attempt::failed)
    }

    fn succeed(&self, address: IpAddr, account: &str) -> Result<(), RetryAfter> {
        self.begin(address, account).map(Attempt::succeeded)
    }

    fn fail_100_times(&self, account: &str) {
        for n in 0..100 {
            self.fail(elsewhere(n), account).unwrap();
        }
    }
}

/// The settings of the only server.
fn alone() -> ThrottleSettings {
    ThrottleSettings { enabled: true, nodes: NonZeroU32::MIN, shared: None }
}

/// The n-th of many addresses, each in its own /48.
fn elsewhere(n: u32) -> IpAddr {
    let [a, b] = [(n >> 16) as u16, n as u16];
    Ipv6Addr::new(0x2001, a, b, 0, 0, 0, 0, 1).into()
}

fn wait(seconds: u64) -> RetryAfter {
    RetryAfter(Duration::from_secs(seconds))
}

#[test]
fn an_address_has_20_logins_at_once_and_20_a_minute() {
    let bench = Bench::new();
    for n in 0..20 {
        bench.succeed(HOME, &format!("user-{n}")).unwrap();
    }
    assert_eq!(bench.succeed(HOME, "one-more").unwrap_err(), wait(3));
    assert_eq!(bench.throttle.anonymous(HOME).unwrap_err(), wait(3), "it is the same bucket");
    bench.pass(1);
    assert_eq!(bench.succeed(HOME, "one-more").unwrap_err(), wait(2));
    bench.pass(2);
    bench.succeed(HOME, "one-more").unwrap();
    assert_eq!(bench.succeed(HOME, "another").unwrap_err(), wait(3));
    bench.pass(60);
    for n in 0..20 {
        bench.succeed(HOME, &format!("user-{n}")).unwrap();
    }
    bench.succeed(HOME, "one-more").unwrap_err();
}

#[test]
fn an_address_has_60_questions_at_once_and_they_cost_no_attempt() {
    let bench = Bench::new();
    for _ in 0..60 {
        bench.throttle.question(HOME).unwrap();
    }
    assert_eq!(bench.throttle.question(HOME).unwrap_err(), wait(1));
    bench.throttle.question(CAFE).unwrap();
    bench.succeed(HOME, "ada").unwrap();
    bench.pass(1);
    bench.throttle.question(HOME).unwrap();
}

#[test]
fn an_address_has_30_registrations_at_once_and_30_a_minute() {
    let bench = Bench::new();
    for _ in 0..30 {
        bench.throttle.registration(HOME).unwrap();
    }
    assert_eq!(bench.throttle.registration(HOME).unwrap_err(), wait(2));
    bench.throttle.registration(CAFE).unwrap();
    bench.succeed(HOME, "ada").expect("logins are counted apart");
    bench.pass(2);
    bench.throttle.registration(HOME).unwrap();
    assert_eq!(bench.throttle.registration(HOME).unwrap_err(), wait(2));
}

/// Uses up the account's failures from an address. Then waits until the address may try again;
/// meanwhile two more failures are allowed.
fn fail_all_at_once(bench: &Bench) {
    for _ in 0..20 {
        bench.fail(HOME, "ada").unwrap();
    }
    bench.pass(60);
}

#[test]
fn an_account_can_fail_20_times_from_an_address_and_then_every_30_s() {
    let bench = Bench::new();
    fail_all_at_once(&bench);
    for _ in 0..2 {
        bench.fail(HOME, "ada").unwrap();
    }
    assert_eq!(bench.fail(HOME, "ada").unwrap_err(), wait(30));
    bench.fail(HOME, "bob").expect("another account from the same address");
    bench.fail(CAFE, "ada").expect("the same account from another address");
    bench.pass(30);
    bench.fail(HOME, "ada").unwrap();
    assert_eq!(bench.fail(HOME, "ada").unwrap_err(), wait(30));
}

#[test]
fn a_refused_attempt_costs_nothing() {
    let bench = Bench::new();
    fail_all_at_once(&bench);
    for _ in 0..2 {
        bench.fail(HOME, "ada").unwrap();
    }
    for _ in 0..100 {
        bench.fail(HOME, "ada").unwrap_err();
    }
    for n in 0..18 {
        bench.succeed(HOME, &format!("user-{n}")).unwrap();
    }
    assert_eq!(bench.succeed(HOME, "bob").unwrap_err(), wait(3));
}

#[test]
fn a_success_clears_the_failures() {
    let bench = Bench::new();
    for _ in 0..3 {
        for _ in 0..19 {
            bench.fail(HOME, "ada").unwrap();
        }
        bench.succeed(HOME, "ada").unwrap();
        bench.pass(60);
    }
}

#[test]
fn whoever_hangs_up_before_the_answer_uses_up_their_address_and_nobodys_account() {
    let bench = Bench::new();
    for n in 0..200 {
        drop(bench.begin(elsewhere(n), "ada").unwrap());
    }
    bench.succeed(HOME, "ada").expect("no failure of the account was counted");
    for _ in 0..20 {
        drop(bench.begin(CAFE, "ada").unwrap());
    }
    assert_eq!(bench.begin(CAFE, "ada").unwrap_err(), wait(3));
}

#[test]
fn an_attempt_that_was_withdrawn_costs_nothing() {
    let bench = Bench::new();
    for _ in 0..1_000 {
        bench.begin(HOME, "ada").unwrap().withdraw();
    }
    let limits = bench.throttle.limits.as_ref().unwrap();
    assert_eq!(limits.lens(), [0; 4], "nor does it take a place from what counts");
    fail_all_at_once(&bench);
    bench.fail(HOME, "ada").unwrap();
    bench.begin(HOME, "ada").unwrap().withdraw();
    bench.fail(HOME, "ada").unwrap();
    assert_eq!(bench.fail(HOME, "ada").unwrap_err(), wait(30));
}

#[test]
fn ipv6_counts_by_64_and_ipv4_mapped_as_ipv4() {
    let bench = Bench::new();
    for n in 0..20 {
        let address = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, n);
        bench.throttle.anonymous(address.into()).unwrap();
    }
    let same = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0xffff, 0, 0, 0);
    assert_eq!(bench.throttle.anonymous(same.into()).unwrap_err(), wait(3));
    let next = Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 0);
    bench.throttle.anonymous(next.into()).unwrap();
    let ipv4 = Ipv4Addr::new(198, 51, 100, 1);
    for _ in 0..10 {
        bench.throttle.anonymous(ipv4.into()).unwrap();
        bench.throttle.anonymous(ipv4.to_ipv6_mapped().into()).unwrap();
    }
    assert_eq!(bench.throttle.anonymous(ipv4.into()).unwrap_err(), wait(3));
}

#[test]
fn each_table_is_bounded() {
    let bench = Bench::new();
    let limits = Limits::new(100, NonZeroU32::MIN, None);
    let throttle = Throttle { limits: Some(Arc::new(limits)), ..bench.throttle };
    let bench = Bench { throttle, ..bench };
    for n in 0..10_000 {
        bench.fail(elsewhere(n), &n.to_string()).unwrap();
        bench.throttle.registration(elsewhere(n)).unwrap();
    }
    assert_eq!(bench.throttle.limits.as_ref().unwrap().lens(), [100; 4]);
}

#[test]
fn the_answer_says_how_long_to_wait_and_not_what_for() {
    for (wait_ms, header, words) in [
        (0, "1", "1 second"),
        (1, "1", "1 second"),
        (2_001, "3", "3 seconds"),
        (30_000, "30", "30 seconds"),
        (120_001, "121", "3 minutes"),
        (3_600_000, "3600", "60 minutes"),
    ] {
        let problem = Problem::from(RetryAfter(Duration::from_millis(wait_ms)));
        let answer = problem.to_response();
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers()[RETRY_AFTER], header);
        let body: hallpass_contract::Problem = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(body.kind, kind::TOO_MANY_REQUESTS);
        assert_eq!(body.detail, format!("Too many attempts; try again in {words}."));
    }
}

#[test]
fn switched_off_it_admits_everything() {
    let settings = ThrottleSettings { enabled: false, ..alone() };
    let throttle = Throttle::new(settings, Clock::system(), Metrics::default().throttled.clone());
    for _ in 0..1_000 {
        let known = ready(Ok::<_, RetryAfter>(false));
        throttle.attempt(HOME, "ada", known).now_or_never().unwrap().unwrap().failed();
        throttle.registration(HOME).unwrap();
        throttle.anonymous(HOME).unwrap();
    }
    throttle.forgive("ada").now_or_never().unwrap();
}

#[test]
fn a_handler_can_await_it_on_any_thread() {
    fn is_send(_: &impl Send) {}
    let bench = Bench::new();
    is_send(&bench.throttle.attempt(HOME, "ada", async { Ok::<_, RetryAfter>(true) }));
}

impl Limits {
    fn lens(&self) -> [usize; 4] {
        let streaks = self.streaks.lock().len();
        [self.passwords.len(), self.registrations.len(), self.failures.len(), streaks]
    }
}
