use proptest::prelude::*;

use super::*;

const CANDIDATES: Lanes = Lanes::always(2).and(4, 4).and(16, 9).and(32, 25);

/// Rates if a full batch of each number of lanes takes so many milliseconds.
fn chosen<const N: usize>(candidates: Lanes, batches_ms: [u64; N], iterations: u32) -> Rates {
    let batch = |(&ms, step): (&u64, &hallpass_kdf::Step)| {
        Pace::measured(Duration::from_millis(ms), step.lanes, 1)
    };
    let paces: Vec<Pace> = batches_ms.iter().zip(candidates.steps()).map(batch).collect();
    choose(candidates, &paces, NonZeroU32::new(iterations).unwrap())
}

fn ms(pace: Pace) -> f64 {
    pace.time(1, 1, 1).as_secs_f64() * 1e3
}

#[test]
fn larger_numbers_are_taken_from_where_they_are_cheaper() {
    let two_and_sixteen = Lanes::always(2).and(16, 9);
    for (many_ms, from) in [(20, 3), (40, 5), (80, 9), (96, 10), (120, 13), (142, 15)] {
        let rates = chosen(two_and_sixteen, [20, many_ms], 1);
        assert_eq!(rates.lanes, Lanes::always(2).and(16, from), "{many_ms}");
        assert!((ms(rates.pace) - many_ms as f64 / 16.0).abs() < 1e-9, "{many_ms}");
    }
}

#[test]
fn each_number_is_measured_against_what_is_taken_without_it() {
    // 32 cost less than sixteen, two pairs and one, and no less than sixteen and two pairs.
    let lanes = chosen(CANDIDATES, [20, 40, 80, 125], 1).lanes;
    assert_eq!(lanes, Lanes::always(2).and(16, 9).and(32, 21));
    let lanes = chosen(CANDIDATES, [20, 34, 80, 120], 1).lanes;
    assert_eq!(lanes, Lanes::always(2).and(4, 4).and(16, 10).and(32, 21));
}

#[test]
fn larger_numbers_that_save_little_are_left_out() {
    for (batches, expected) in [
        ([20, 37, 80, 145], Lanes::always(2).and(16, 9)),
        ([20, 40, 160, 320], Lanes::always(2)),
        ([20, 35, 144, 288], Lanes::always(2).and(4, 4)),
        ([20, 40, 150, 250], Lanes::always(2).and(32, 26)),
    ] {
        assert_eq!(chosen(CANDIDATES, batches, 1).lanes, expected, "{batches:?}");
    }
}

#[test]
fn nobody_waits_long_for_company() {
    let all = Lanes::always(2).and(16, 9).and(32, 20);
    for (iterations, expected) in [
        (8, all),
        (9, Lanes::always(2).and(16, 9)),
        (12, Lanes::always(2).and(16, 9)),
        (13, Lanes::always(2)),
    ] {
        let lanes = chosen(CANDIDATES, [20, 40, 80, 115], iterations).lanes;
        assert_eq!(lanes, expected, "{iterations}");
    }
}

#[test]
fn whatever_runs_together_tells_what_full_lanes_would_take() {
    // 8 ms per job with nine lanes, 10 with six, 20 with two.
    let candidates = Lanes::always(2).and(6, 4).and(9, 8);
    for (run_ms, jobs, had_room, expected) in [
        (72, 9, false, 8.0),
        (144, 9, false, 16.0),
        (144, 8, false, 16.0),
        (120, 6, false, 16.0),
        (120, 4, false, 16.0),
        (80, 2, false, 16.0),
        (40, 1, false, 16.0),
        (40, 1, true, 8.0),
        (10, 1, true, 4.0),
    ] {
        let mut rates = chosen(candidates, [40, 60, 72], 1);
        for _ in 0..100 {
            rates.learn(Duration::from_millis(run_ms), jobs, 1, had_room);
        }
        let learned = ms(rates.pace);
        assert!((learned - expected).abs() < 0.1, "{jobs} in {run_ms} ms: {learned}");
    }
}

#[test]
fn where_there_is_one_number_of_lanes_it_stays() {
    for lanes in [1, 2] {
        let rates = measure(Lanes::always(lanes), NonZeroU32::MIN);
        assert_eq!(rates.lanes, Lanes::always(lanes));
        assert!(rates.pace.time(1, 1, 1) < Duration::from_secs(1));
    }
}

#[test]
fn undisturbed_it_is_measured_twice() {
    let mut samples = 0;
    measured::fastest(CANDIDATES, |lanes| {
        samples += 1;
        Duration::from_micros(lanes as u64)
    });
    assert_eq!(samples, 2 * CANDIDATES.steps().len());
}

/// How many times as long as undisturbed each of eight samples takes, in any order. No two agree.
fn disturbed() -> impl Strategy<Value = Vec<f64>> {
    let factors: Vec<f64> = (0..8).map(|n| 1.2_f64.powi(n)).collect();
    Just(factors).prop_shuffle()
}

proptest! {
    /// One sample in eight is undisturbed, and it may be another one for each number of lanes.
    #[test]
    fn a_disturbed_measurement_goes_on_until_it_is_right(
        truth in [20..40_u64, 40..80_u64, 80..300_u64, 120..600_u64],
        disturbed in [disturbed(), disturbed(), disturbed(), disturbed()],
    ) {
        let place = |lanes| CANDIDATES.steps().iter().position(|step| step.lanes == lanes).unwrap();
        let undisturbed = |lanes| Duration::from_micros(truth[place(lanes)]);
        let mut disturbed = disturbed.map(Vec::into_iter);
        let paces = measured::fastest(CANDIDATES, |lanes| {
            undisturbed(lanes).mul_f64(disturbed[place(lanes)].next().unwrap())
        });
        prop_assert_eq!(paces, measured::fastest(CANDIDATES, undisturbed));
    }
}
