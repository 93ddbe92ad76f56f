//! How far the times of two kinds of refusal lie apart.

use super::probe::{Group, RefusalKind};
use crate::stats::{Interval, dominance, median, rank_sum_p, two_samples};

/// The confidence of each interval.
pub(super) const CONFIDENCE: f64 = 0.95;

/// One kind of refusal compared with that of a wrong password.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    pub(super) kind: RefusalKind,
    /// How probable such a difference is where there is none.
    pub(super) p: f64,
    /// How much more often this kind takes longer than a wrong password than it takes less, from -1
    /// to 1.
    pub(super) delta: Interval,
    /// By how much its median is higher, in microseconds.
    pub(super) medians_us: Interval,
    /// Whether both kinds are answered with the same text; `None` if the text changes from one
    /// answer to the next of the same kind.
    pub(super) same_text: Option<bool>,
}

impl Difference {
    /// Both groups' times are in ascending order. The same seed gives the same intervals.
    pub(super) fn between(reference: &Group, other: &Group, seed: u64) -> Self {
        let (a, b) = (&other.times_us[..], &reference.times_us[..]);
        let same_text = match (reference.texts.len(), other.texts.len()) {
            (1, 1) => Some(reference.texts == other.texts),
            _ => None,
        };
        let nothing = Interval { low: f64::NAN, estimate: f64::NAN, high: f64::NAN };
        let (mut delta, mut medians_us) = (nothing, nothing);
        if !a.is_empty() && !b.is_empty() {
            delta = two_samples(a, b, dominance, CONFIDENCE, seed);
            medians_us = two_samples(a, b, |a, b| median(a) - median(b), CONFIDENCE, seed);
        }
        Self { kind: other.kind, p: rank_sum_p(a, b), delta, medians_us, same_text }
    }
}
