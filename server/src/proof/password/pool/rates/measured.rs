use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Duration;

use hallpass_kdf::{Backend, Input, Lanes};

use super::Pace;
use crate::proof::password::pool::courtesy::Spent;

/// Enough that starting a batch is a small part of it. A round of all numbers of lanes takes some
/// two milliseconds.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(1000).expect("not 0");

/// Two samples agree if they differ by less than this part.
const AGREEMENT: f64 = 0.03;

/// How many rounds there are, at least and if the samples don't agree.
const ROUNDS: std::ops::RangeInclusive<usize> = 2..=8;

/// The pace of each number of lanes.
pub(super) fn paces(lanes: Lanes) -> Vec<Pace> {
    fastest(lanes, |lanes| {
        let backend = Backend::detect().with_lanes(Lanes::always(lanes));
        let inputs = vec![Input::new(b"", b"", ITERATIONS); lanes];
        let before = Spent::so_far();
        black_box(backend.derive(&inputs));
        // Time in which other threads had the core does not count.
        Spent::so_far().since(before).worked
    })
}

/// The pace of each number of lanes, given a way to time a full batch.
///
/// Whatever disturbs a sample makes it slower, so the fastest one counts. All numbers take turns,
/// and there are more rounds until a second sample of each agrees with its fastest: a disturbance
/// would have to spare one of them and last longer than all rounds to make it look better.
pub(super) fn fastest(lanes: Lanes, mut time: impl FnMut(usize) -> Duration) -> Vec<Pace> {
    let mut times = vec![Times::default(); lanes.steps().len()];
    for round in 1..=*ROUNDS.end() {
        for (times, step) in times.iter_mut().zip(lanes.steps()) {
            times.add(time(step.lanes));
        }
        if round >= *ROUNDS.start() && times.iter().all(Times::agree) {
            break;
        }
    }
    let pace = |(times, step): (&Times, &hallpass_kdf::Step)| {
        Pace::measured(times.fastest, step.lanes, ITERATIONS.get())
    };
    times.iter().zip(lanes.steps()).map(pace).collect()
}

/// The two shortest of all times.
#[derive(Clone, Copy)]
struct Times {
    fastest: Duration,
    second: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self { fastest: Duration::MAX, second: Duration::MAX }
    }
}

impl Times {
    fn add(&mut self, time: Duration) {
        self.second = self.second.min(time.max(self.fastest));
        self.fastest = self.fastest.min(time);
    }

    fn agree(&self) -> bool {
        self.second.as_secs_f64() <= self.fastest.as_secs_f64() * (1.0 + AGREEMENT)
    }
}
