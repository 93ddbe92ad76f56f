use super::super::buckets::Buckets;
use super::*;

#[test]
fn a_clock_that_is_set_back_makes_nobody_wait_longer_than_an_empty_bucket() {
    let buckets = Buckets::new(FAILURES, 1);
    let [before, after] =
        [1_800_000_000, 1_700_000_000].map(|s| Timestamp::from_second(s).unwrap());
    buckets.take(HOME, before).unwrap();
    assert_eq!(buckets.take(HOME, after).unwrap_err(), wait(30));
    buckets.take(HOME, after + Duration::from_secs(30)).unwrap();
}

#[test]
fn a_million_keys_do_not_displace_one_in_use() {
    let buckets = Buckets::new(FAILURES, CAPACITY);
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    for _ in 0..20 {
        buckets.take(HOME, now).unwrap();
    }
    for n in 0..1_000_000 {
        buckets.take(elsewhere(n), now).unwrap();
        if n % 90_000 == 0 {
            buckets.take(HOME, now).unwrap_err();
        }
    }
    assert_eq!(buckets.len(), CAPACITY);
}
