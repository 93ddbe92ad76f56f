//! Objectives on figures that are known.

use std::time::Duration;

use super::{Judged, Slo, Tally};
use crate::sut::Outcome;

/// 90 requests that took 1 to 90 ms, 9 refusals and one that was dropped, in 10 s.
fn tally() -> Tally {
    let mut tally = Tally { offered: 100, late: 2, dropped: 1, ..Tally::default() };
    for ms in 1..=90 {
        tally.outcomes.add(Outcome::Ok);
        tally.in_time.add(Outcome::Ok);
        tally.latency.record(Duration::from_millis(ms));
        tally.service.record(Duration::from_millis(1));
    }
    for _ in 0..9 {
        tally.outcomes.add(Outcome::Overloaded);
        tally.in_time.add(Outcome::Overloaded);
    }
    tally
}

fn judged(slo: &str) -> Judged {
    let slo: Slo = slo.parse().unwrap();
    slo.judge("verify", &tally(), Duration::from_secs(10))
}

#[test]
fn an_objective_holds_or_does_not() {
    for (slo, held) in [
        ("p50<45.1ms", true),
        ("p50<45ms", false),
        ("p50<=45100us", true),
        ("verify max<=0.09s", true),
        ("latency mean>45ms", true),
        ("service p90<1.01ms", true),
        ("verify service p999 < 1ms", false),
        ("errors<=10%", true),
        ("errors<10%", false),
        ("errors<1.1/s", true),
        ("achieved>=99%", true),
        ("achieved>=9.9/s", true),
        ("served>=90%", true),
        ("served>90 %", false),
        ("dropped<=1%", true),
        ("late<2%", false),
    ] {
        assert_eq!(judged(slo).held, held, "{slo}: {:?}", judged(slo));
    }
}

#[test]
fn what_was_answered_after_the_end_is_no_throughput() {
    // 250 arrive per second, of which 200 are answered; the rest when no more arrive.
    let mut tally = Tally { offered: 2500, ..Tally::default() };
    (0..2500).for_each(|_| tally.outcomes.add(Outcome::Ok));
    (0..2000).for_each(|_| tally.in_time.add(Outcome::Ok));
    let judged =
        |slo: &str| slo.parse::<Slo>().unwrap().judge("verify", &tally, Duration::from_secs(10));
    let served = judged("served>=240/s");
    assert_eq!((served.held, served.observed.as_deref()), (false, Some("200.0/s")));
    assert!(!judged("achieved>=201/s").held && judged("achieved>=200/s").held);
    assert!(judged("served>=100%").held, "each was answered in the end");
}

#[test]
fn a_percentile_of_too_few_requests_is_not_decided() {
    let of = |count: u64, slo: &str| {
        let mut tally = Tally { offered: count, ..Tally::default() };
        (0..count).for_each(|_| tally.latency.record(Duration::from_millis(10)));
        slo.parse::<Slo>().unwrap().judge("verify", &tally, Duration::from_secs(10))
    };
    let few = of(3, "p99.9<1s");
    assert!(!few.held, "{few:?}");
    let why = few.undecided.as_deref();
    assert_eq!(why, Some("too few requests, 3 of at least 3,688"));
    for (count, slo, held, decided) in [
        (3687, "p99.9<1s", false, false),
        (3688, "p99.9<1s", true, true),
        (367, "p99<1s", false, false),
        (368, "p99<1s", true, true),
        (5, "p50<1s", false, false),
        (6, "p50<1s", true, true),
        (5, "mean<1s", false, false),
        (6, "mean<1s", true, true),
        (1, "max<1s", true, true),
        (3, "errors<1%", false, true),
        // All are slower: that three are enough for.
        (3, "p99.9<1ms", false, true),
        (3, "p99.9>1ms", true, true),
        (3, "p99.9>1s", false, false),
    ] {
        let judged = of(count, slo);
        let is = (judged.held, judged.undecided.is_none());
        assert_eq!(is, (held, decided), "{count} {slo}: {judged:?}");
    }
}

#[test]
fn a_percentile_is_shown_with_its_interval() {
    assert_eq!(judged("p50<1s").observed.unwrap(), "45.0 ms (95%: 36.0 ms to 55.0 ms)");
}

#[test]
fn what_was_observed_is_shown_with_its_unit() {
    let observed = |slo| judged(slo).observed.unwrap();
    assert_eq!(observed("max<1s"), "90.0 ms");
    assert_eq!(observed("errors<1%"), "10.000%");
    assert_eq!(observed("served>1/s"), "9.0/s");
}

#[test]
fn nothing_holds_of_nothing() {
    for slo in ["p99<1s", "errors<=0%", "max>0s"] {
        let slo: Slo = slo.parse().unwrap();
        let judged = slo.judge("login", &Tally::default(), Duration::from_secs(1));
        assert_eq!((judged.held, judged.observed), (false, None));
    }
}

#[test]
fn it_applies_to_the_request_that_it_names_or_to_each() {
    let slo: Slo = "login p99<5ms".parse().unwrap();
    assert!(slo.applies_to("login") && !slo.applies_to("verify"));
    assert!(Slo::no_errors().applies_to("verify") && Slo::no_errors().is_about_errors());
    assert!(!slo.is_about_errors());
}

#[test]
fn an_error_says_what_is_wrong() {
    for (slo, says) in [
        ("verify p99", "compares nothing"),
        ("<5ms", "what is to be compared"),
        ("p99<5", "is no time"),
        ("p99<5%", "is no time"),
        ("p100<5ms", "is no measure"),
        ("latency<5ms", "is no measure"),
        ("errors<5ms", "share or a rate"),
        ("errors<-1%", "share or a rate"),
        ("service errors<1%", "service goes with a time"),
        ("verify login p99<5ms", "no request and measure"),
    ] {
        let error = slo.parse::<Slo>().unwrap_err();
        assert!(error.contains(says), "{slo}: {error}");
    }
}
