//! How fast the machine computes. Where others share its processors, that changes with the clock
//! rate and with the other half of a core, and no counter says so.

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::counters::Place;

/// How often the work is done; the quickest counts, which others disturbed the least.
const ROUNDS: u32 = 5;
/// How many blocks are hashed for a round: about two milliseconds.
const BLOCKS: u32 = 4000;
/// Less than this share of the speed before is another speed.
const SAME: f64 = 0.93;

/// Rounds of the work per second; `None` if the server is not on this machine.
pub(crate) fn of(place: &Place) -> Option<f64> {
    (*place != Place::Elsewhere).then(|| 1.0 / round().as_secs_f64().max(1e-9))
}

fn round() -> Duration {
    let once = |_| {
        let start = Instant::now();
        let mut hash = Sha256::new();
        (0..BLOCKS).for_each(|_| hash.update([0x5a; 64]));
        std::hint::black_box(hash.finalize());
        start.elapsed()
    };
    (0..ROUNDS).map(once).min().unwrap_or_default()
}

/// Of the speeds before and after a run.
pub(crate) fn mean(before: Option<f64>, after: Option<f64>) -> Option<f64> {
    Some(f64::midpoint(before?, after?))
}

/// By which share the machine is slower than it was, if it is.
pub(crate) fn slower(is: Option<f64>, was: Option<f64>) -> Option<f64> {
    let ratio = is? / was?;
    (ratio < SAME).then_some(1.0 - ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_machine_that_is_clearly_slower_has_another_speed() {
        assert_eq!(slower(Some(95.0), Some(100.0)), None);
        assert!((slower(Some(80.0), Some(100.0)).unwrap() - 0.2).abs() < 1e-9);
        assert_eq!(slower(Some(120.0), Some(100.0)), None);
        assert_eq!(slower(None, Some(100.0)), None);
    }

    #[test]
    fn a_server_elsewhere_is_not_as_fast_as_this_machine() {
        assert_eq!(of(&Place::Elsewhere), None);
        assert!(of(&Place::Inside).unwrap() > 1.0);
    }
}
