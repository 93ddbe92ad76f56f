//! Clocks that are read fast and show an earlier moment: that of the system's last tick, 1 to 10 ms
//! ago. A request that is answered from memory takes a few microseconds, so it pays not to read the
//! exact clocks, which takes a tenth of one.

use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

#[cfg(any(target_os = "linux", target_os = "android"))]
mod ids {
    use super::ClockId;

    pub(super) const STEADY: ClockId = ClockId::MonotonicCoarse;
    pub(super) const WALL: ClockId = ClockId::RealtimeCoarse;
}

/// Systems without such clocks have only the exact ones.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod ids {
    use super::ClockId;

    pub(super) const STEADY: ClockId = ClockId::Monotonic;
    pub(super) const WALL: ClockId = ClockId::Realtime;
}

/// A reading of a clock that nobody sets. It measures how long ago something was, if a few
/// milliseconds don't matter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CoarseTime(Duration);

impl CoarseTime {
    /// The time now.
    pub fn now() -> Self {
        Self(read(ids::STEADY))
    }

    /// The time so much later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }

    /// How long it is from `earlier` to this; zero if that is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The time as whole nanoseconds.
    pub fn as_nanos(self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }

    /// What [`as_nanos`](Self::as_nanos) yielded.
    pub fn from_nanos(nanos: u64) -> Self {
        Self(Duration::from_nanos(nanos))
    }
}

/// The wall clock at the system's last tick.
pub(super) fn wall() -> Timestamp {
    let millis = i64::try_from(read(ids::WALL).as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

/// What a clock shows. Zero before 1970.
fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_nanos(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ticks come every 10 ms at least. A machine may stand still between two readings, so the
    /// exact clock is read on both sides.
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the exact clock, to compare with")]
    fn the_wall_clock_is_at_most_a_tick_behind_the_exact_one() {
        let tick = Duration::from_millis(20);
        let before = Timestamp::now();
        let coarse = wall();
        let after = Timestamp::now();
        assert!(coarse >= before - tick, "{coarse} is far before {before}");
        assert!(coarse <= after, "{coarse} is after {after}");
    }

    #[test]
    fn time_passes_and_survives_being_a_number() {
        let earlier = CoarseTime::now();
        let later = earlier.after(Duration::from_secs(3));
        assert_eq!(later.since(earlier), Duration::from_secs(3));
        assert_eq!(earlier.since(later), Duration::ZERO);
        assert_eq!(CoarseTime::from_nanos(later.as_nanos()), later);
    }
}
