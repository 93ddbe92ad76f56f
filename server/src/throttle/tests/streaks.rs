use std::thread;

use super::*;

#[test]
fn attackers_everywhere_lock_nobody_out_at_a_known_address() {
    let bench = Bench::new();
    let admitted = (0..200).filter(|n| bench.fail(elsewhere(*n), "ada").is_ok()).count();
    assert_eq!(admitted, 100);
    assert_eq!(bench.fail(CAFE, "ada").unwrap_err(), wait(3_600));
    // Ada mistypes once, then gets it right.
    bench.begin_at(HOME, "ada", true).unwrap().failed();
    bench.begin_at(HOME, "ada", true).unwrap().succeeded();
    bench.fail_100_times("ada");
    assert_eq!(bench.fail(CAFE, "ada").unwrap_err(), wait(3_600));
}

#[test]
fn a_known_address_has_limits_of_its_own() {
    let bench = Bench::new();
    bench.fail_100_times("ada");
    for _ in 0..20 {
        bench.begin_at(HOME, "ada", true).unwrap().failed();
    }
    bench.begin_at(HOME, "ada", true).unwrap_err();
}

#[test]
fn whoever_is_refused_for_an_unknown_address_can_go_on_once_forgiven() {
    let bench = Bench::new();
    bench.fail_100_times("ada");
    for _ in 0..100 {
        assert_eq!(bench.succeed(HOME, "ada").unwrap_err(), wait(3_600));
    }
    bench.throttle.forgive("ada").now_or_never().unwrap();
    bench.succeed(HOME, "ada").unwrap();
}

#[test]
fn whether_an_address_is_known_is_asked_only_when_it_matters() {
    struct StoreFailed;
    impl From<RetryAfter> for StoreFailed {
        fn from(_: RetryAfter) -> Self {
            panic!("nothing is refused");
        }
    }
    let bench = Bench::new();
    let attempt = || {
        let known = async { Err(StoreFailed) };
        bench.throttle.attempt(HOME, "ada", known).now_or_never().expect("nothing waits")
    };
    assert!(attempt().map(Attempt::withdraw).is_ok());
    bench.fail_100_times("ada");
    // More often than the limit allows: an attempt that the store failed does not count.
    for _ in 0..100 {
        assert!(matches!(attempt(), Err(StoreFailed)));
    }
}

/// How many of these attempts are admitted if all begin before any has failed.
fn admitted_in_parallel(bench: &Bench, address: impl Fn(u32) -> IpAddr + Sync) -> usize {
    thread::scope(|scope| {
        let address = &address;
        let begin = move |n| scope.spawn(move || bench.begin(address(n), "ada"));
        let guesses: Vec<_> = (0..200).map(begin).collect();
        let attempts: Vec<_> = guesses.into_iter().map(|guess| guess.join().unwrap()).collect();
        attempts.iter().filter(|attempt| attempt.is_ok()).count()
    })
}

#[test]
fn guesses_in_parallel_have_no_more_than_the_budget() {
    assert_eq!(admitted_in_parallel(&Bench::new(), |_| HOME), 20);
    assert_eq!(admitted_in_parallel(&Bench::new(), elsewhere), 100);
}
