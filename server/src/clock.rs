//! The one place that asks the system for the time.

mod boot_time;
mod coarse;

pub use self::boot_time::BootTime;
pub use self::coarse::CoarseTime;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use anyhow::ensure;
use jiff::Timestamp;

/// Where the server's idea of "now" comes from; tests set it by hand and never sleep.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until [`advance`](Self::advance) moves it. Clones share it.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.as_millisecond()))))
    }

    /// Moves a manual clock on; the system's clock does not heed it.
    pub fn advance(&self, by: std::time::Duration) {
        if let Source::Manual(millis) = &self.0 {
            let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            millis.fetch_add(by, Ordering::Relaxed);
        }
    }

    /// Moves a manual clock back, as an operator does who sets it right.
    pub fn set_back(&self, by: std::time::Duration) {
        if let Source::Manual(millis) = &self.0 {
            let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
            millis.fetch_sub(by, Ordering::Relaxed);
        }
    }

    /// Checks that the clock was ever set.
    ///
    /// # Errors
    ///
    /// If it says a time before 1970, which ids and tokens can't hold.
    pub fn check(&self) -> anyhow::Result<()> {
        let time = self.read();
        ensure!(
            time >= Timestamp::UNIX_EPOCH,
            "the clock of this machine says {time:.0}, which is before 1970; set it and start again"
        );
        Ok(())
    }

    /// The time now, in whole milliseconds: what ids and stored times can hold. Never before 1970,
    /// also when the clock is set back under a running server.
    pub fn now(&self) -> Timestamp {
        self.read().max(Timestamp::UNIX_EPOCH)
    }

    /// As [`now`](Self::now), read faster, and up to some 10 ms behind.
    pub fn coarse(&self) -> Timestamp {
        match self.0 {
            Source::System => coarse::wall(),
            Source::Manual(_) => self.now(),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock all others ask")]
    fn read(&self) -> Timestamp {
        let millis = match &self.0 {
            Source::System => Timestamp::now().as_millisecond(),
            Source::Manual(millis) => millis.load(Ordering::Relaxed),
        };
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_1970_is_refused_and_stands_still_where_it_is_met_later() {
        let clock = Clock::manual(Timestamp::from_second(-1000).unwrap());
        let error = clock.check().unwrap_err().to_string();
        assert!(error.contains("1969-12-31") && error.contains("set it"), "{error}");
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        clock.advance(std::time::Duration::from_secs(1007));
        assert_eq!(clock.now(), Timestamp::from_second(7).unwrap());
        clock.check().unwrap();
    }
}
