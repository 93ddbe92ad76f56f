//! The accounts of the scenario `second-factor`, which its users share. Each account signs in once
//! in 30 seconds, so the logins are spread evenly over that time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::accounts::{CodePool, Loan, STEP_SECONDS, Step};
use crate::machine::wall_clock;

/// How many accounts there are for each user where nobody asks for a number: one login a second.
pub(crate) const ACCOUNTS_PER_USER: usize = STEP_SECONDS as usize;

/// How long a user rests, at most, until it asks again whether a login is due. Goose ends a run
/// only when its users have returned.
const REST: Duration = Duration::from_millis(100);

/// Accounts with one-time codes, and when the next login of them is due.
#[derive(Debug)]
pub(crate) struct TwoStepLogins {
    pool: Arc<CodePool>,
    pace: Mutex<Pace>,
}

impl TwoStepLogins {
    /// Logins of these accounts, of which there are so many.
    pub(crate) fn new(pool: Arc<CodePool>, accounts: usize) -> Self {
        Self { pool, pace: Mutex::new(Pace::of(accounts, Instant::now())) }
    }

    /// An account for a login now; rests a little if none is due.
    pub(crate) async fn lend(&self) -> Option<Loan> {
        let left = self.pace.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
        let loan = match left {
            None => self.pool.lend(Step::at(wall_clock())).ok(),
            Some(_) => None,
        };
        if loan.is_none() {
            tokio::time::sleep(left.unwrap_or(REST).min(REST)).await;
        }
        loan
    }
}

/// Spreads logins evenly.
#[derive(Debug)]
struct Pace {
    gap: Duration,
    next: Instant,
}

impl Pace {
    fn of(accounts: usize, start: Instant) -> Self {
        let gap = Duration::from_secs(STEP_SECONDS).div_f64(accounts.max(1) as f64);
        Self { gap, next: start }
    }

    /// Takes the login that is due, if one is; else how long until then. What was not taken in time
    /// is not made up for.
    fn take(&mut self, now: Instant) -> Option<Duration> {
        if now < self.next {
            return Some(self.next - now);
        }
        self.next = now.max(self.next) + self.gap;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_as_far_apart_as_the_accounts_allow() {
        let start = Instant::now();
        let mut pace = Pace::of(15, start);
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(pace.take(at(0)), None);
        assert_eq!(pace.take(at(1)), Some(Duration::from_secs(1)));
        assert_eq!(pace.take(at(2)), None);
        // Nobody asked for long. Only one is due.
        assert_eq!(pace.take(at(20)), None);
        assert_eq!(pace.take(at(20)), Some(Duration::from_secs(2)));
    }
}
