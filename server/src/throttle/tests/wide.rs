use super::*;

/// The n-th /64 of the a-th /56 of one /48.
fn subnet(a: u16, n: u16) -> IpAddr {
    Ipv6Addr::new(0x2001, 0xdb8, 7, (a << 8) | n, 0, 0, 0, 1).into()
}

/// Makes as many guesses as the /64 allows, each at another account.
fn spray(bench: &Bench, address: IpAddr) -> usize {
    (0..25).filter(|n| bench.fail(address, &format!("{address}-{n}")).is_ok()).count()
}

#[test]
fn spraying_over_many_64s_of_one_56_is_refused() {
    let bench = Bench::new();
    let guessed: usize = (0..200).map(|n| spray(&bench, subnet(1, n))).sum();
    assert_eq!(guessed, 160);
    assert_eq!(bench.throttle.anonymous(subnet(1, 201)).unwrap_err(), RetryAfter(MS_375));
    bench.fail(subnet(2, 0), "ada").expect("another /56 has its own");
    bench.fail(HOME, "ada").expect("and so has another network");
    bench.pass(60);
    let guessed: usize = (0..200).map(|n| spray(&bench, subnet(1, n))).sum();
    assert_eq!(guessed, 160, "160 a minute");
}

/// How long a /56 takes to refill by one.
const MS_375: Duration = Duration::from_millis(375);

#[test]
fn spraying_over_many_56s_of_one_48_is_refused() {
    let bench = Bench::new();
    let all = (0..100).flat_map(|a| (0..4).map(move |n| subnet(a, n)));
    let guessed: usize = all.map(|address| spray(&bench, address)).sum();
    assert_eq!(guessed, 640);
}

#[test]
fn people_of_a_large_network_who_know_their_passwords_are_never_refused() {
    let bench = Bench::new();
    for n in 0..2_000 {
        let address = subnet(n / 200, n % 200);
        bench.fail(address, &format!("user-{n}")).unwrap();
        bench.succeed(address, &format!("user-{n}")).unwrap();
        if n % 100 == 0 {
            bench.pass(60);
        }
    }
}

#[test]
fn what_was_refused_withdrawn_or_right_costs_a_wide_network_nothing() {
    let bench = Bench::new();
    for n in 0..200 {
        bench.succeed(subnet(1, n), "ada").unwrap();
        bench.begin(subnet(1, n), "bob").unwrap().withdraw();
    }
    // Its own /64 refuses most of these, so only twenty count.
    for n in 0..100 {
        let _ = bench.fail(subnet(1, 0), &format!("user-{n}"));
    }
    let others: usize = (1..100).map(|n| spray(&bench, subnet(1, n))).sum();
    assert_eq!(others, 160 - 19, "one of the twenty was ada's success");
}

#[test]
fn registrations_of_a_56_and_a_48_are_bounded() {
    let bench = Bench::new();
    let register = |address| bench.throttle.registration(address).is_ok();
    let of_56 = (0..200).flat_map(|n| [subnet(1, n); 40]).filter(|it| register(*it)).count();
    assert_eq!(of_56, 240);
    let of_48 = (2..200).flat_map(|a| [subnet(a, 0); 40]).filter(|it| register(*it)).count();
    assert_eq!(of_48 + of_56, 960);
}

#[test]
fn ipv4_has_no_wide_networks() {
    let bench = Bench::new();
    let addresses = (0..=255).map(|n| IpAddr::V4(Ipv4Addr::new(198, 51, 100, n)));
    let guessed: usize = addresses.map(|address| spray(&bench, address)).sum();
    assert_eq!(guessed, 256 * 20);
}
