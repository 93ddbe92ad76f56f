//! Who may try how often: bounds the guessing of passwords without letting anyone lock somebody
//! else out.
//!
//! | what is counted | by | at once | and then |
//! |---|---|---|---|
//! | password attempts of all kinds | address | 20 | 20 a minute |
//! | registrations | address | 30 | 30 a minute |
//! | failed attempts; a success clears them | account and address | 20 | one in 30 s |
//! | failures in a row; a success clears them | account | 100 | from known addresses only |
//!
//! Everything that can be spent is the guesser's own: whoever was signed in at an address before
//! can go on there, whatever others do elsewhere. Accounts are names as somebody gave them, so one
//! that does not exist is treated like one that does.
//!
//! Addresses count by [`network`]. An attempt counts from when it begins, so that many at once
//! can't all pass because none of them has failed yet; one that is refused costs nothing. Each
//! table forgets the longest unused of more than 100,000 keys; full, the four of them take 45 MB
//! together. To make them forget an account's failures takes 100,000 other failures. A restart
//! forgets everything.

mod buckets;
mod memory;

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;

use crate::client::network;
use crate::clock::Clock;
use crate::metrics::Throttled;
use buckets::{Buckets, Quota};
use memory::Memory;

const PASSWORDS: Quota = Quota { at_once: 20, refill_ms: 3_000 };
const REGISTRATIONS: Quota = Quota { at_once: 30, refill_ms: 2_000 };
const FAILURES: Quota = Quota { at_once: 20, refill_ms: 30_000 };

/// NIST SP 800-63B-4 section 3.2.2: no more consecutive failures than this.
const STREAK: u32 = 100;

/// What somebody at an unknown address is told to wait after [`STREAK`] failures.
const UNKNOWN_ADDRESS_WAIT: Duration = Duration::from_secs(60 * 60);

/// The most keys in each table.
const CAPACITY: usize = 100_000;

/// Counts attempts and refuses what is too many.
#[derive(Debug)]
pub struct Throttle {
    clock: Clock,
    refusals: Throttled,
    /// None if everyone may try as often as they like.
    limits: Option<Limits>,
}

/// How long to wait before the next attempt.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RetryAfter(pub Duration);

impl Throttle {
    /// A throttle that has counted nothing yet; one that is not `enabled` admits everything.
    pub fn new(enabled: bool, clock: Clock, refusals: Throttled) -> Self {
        Self { clock, refusals, limits: enabled.then(|| Limits::new(CAPACITY)) }
    }

    /// Begins an attempt to guess, or to know, a password: login, reauthentication, password
    /// change. `account` is the case-mapped username, or the text as it was given if it can't be
    /// anyone's. It counts as a failure until the [`Attempt`] is told otherwise, or dropped.
    ///
    /// `known` says whether the account was signed in from the address's [`network`] before; for
    /// an account that does not exist, false. It is polled only if it matters.
    ///
    /// # Errors
    ///
    /// [`RetryAfter`], or what `known` fails with.
    pub async fn attempt<E: From<RetryAfter>>(
        &self,
        address: IpAddr,
        account: &str,
        known: impl Future<Output = Result<bool, E>>,
    ) -> Result<Attempt<'_>, E> {
        let Some(limits) = &self.limits else { return Ok(Attempt(None)) };
        let network = network(address);
        let account = limits.hasher.hash_one(account);
        let reserved = limits.reserve(network, account, self.clock.now());
        let failed_before = reserved.map_err(|refusal| self.refused(refusal))?;
        let attempt = Attempt(Some(Reserved { limits, clock: &self.clock, network, account }));
        if failed_before < STREAK {
            return Ok(attempt);
        }
        let known = known.await;
        if let Ok(true) = known {
            return Ok(attempt);
        }
        attempt.withdraw();
        Err(known.err().unwrap_or_else(|| {
            self.refusals.streak.inc();
            RetryAfter(UNKNOWN_ADDRESS_WAIT).into()
        }))
    }

    /// Counts a registration.
    ///
    /// # Errors
    ///
    /// If there were too many from the address.
    pub fn registration(&self, address: IpAddr) -> Result<(), RetryAfter> {
        let Some(limits) = &self.limits else { return Ok(()) };
        let taken = limits.registrations.take(network(address), self.clock.now());
        taken.inspect_err(|_| self.refusals.registrations.inc())
    }

    /// Counts an attempt that names no account, such as a password reset by a token. It shares the
    /// address's password attempts.
    ///
    /// # Errors
    ///
    /// If there were too many from the address.
    pub fn anonymous(&self, address: IpAddr) -> Result<(), RetryAfter> {
        let Some(limits) = &self.limits else { return Ok(()) };
        let taken = limits.passwords.take(network(address), self.clock.now());
        taken.inspect_err(|_| self.refusals.passwords.inc())
    }

    fn refused(&self, refusal: Refusal) -> RetryAfter {
        let (counter, wait) = match refusal {
            Refusal::Address(wait) => (&self.refusals.passwords, wait),
            Refusal::Account(wait) => (&self.refusals.failures, wait),
        };
        counter.inc();
        wait
    }

    /// Forgets an account's failures in a row, after its password was set by other means than by
    /// knowing it: guesses at the old one say nothing of the new one.
    pub fn forgive(&self, account: &str) {
        if let Some(limits) = &self.limits {
            limits.streaks.forget(&limits.hasher.hash_one(account));
        }
    }
}

/// An attempt that was let through. Dropped, it counts for the address, which may have had the work
/// done, and not for the account: who hangs up before the answer has learned nothing, and must not
/// be able to use up an account's failures without a trace.
#[must_use = "nothing is known of it unless it is told"]
#[derive(Debug)]
pub struct Attempt<'a>(Option<Reserved<'a>>);

#[derive(Debug)]
struct Reserved<'a> {
    limits: &'a Limits,
    clock: &'a Clock,
    network: IpNet,
    account: u64,
}

impl Attempt<'_> {
    /// The password was right: the account's failures in a row, and those from this address, are
    /// over.
    pub fn succeeded(mut self) {
        if let Some(Reserved { limits, network, account, .. }) = self.0.take() {
            limits.failures.forget(&(account, network));
            limits.streaks.forget(&account);
        }
    }

    /// The password was wrong, and whoever asked is told so.
    pub fn failed(mut self) {
        self.0.take();
    }

    /// No password was tried, say because the hashing queue was full: nothing was spent.
    pub fn withdraw(mut self) {
        if let Some(reserved) = self.0.take() {
            reserved.limits.passwords.give_back(&reserved.network, reserved.clock.now());
            reserved.give_back_failure();
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(reserved) = self.0.take() {
            reserved.give_back_failure();
        }
    }
}

impl Reserved<'_> {
    fn give_back_failure(&self) {
        self.limits.failures.give_back(&(self.account, self.network), self.clock.now());
        self.limits.take_back_failure(self.account);
    }
}

/// Which limit an attempt has reached, and for how long.
#[derive(Clone, Copy)]
enum Refusal {
    Address(RetryAfter),
    Account(RetryAfter),
}

#[derive(Debug)]
struct Limits {
    passwords: Buckets<IpNet>,
    registrations: Buckets<IpNet>,
    failures: Buckets<(u64, IpNet)>,
    /// Failures in a row by account.
    streaks: Memory<u64, u32>,
    /// Accounts are kept as their hashes, so that a name of any length takes the same room. It is
    /// keyed: nobody can look for a name that shares another one's limits.
    hasher: RandomState,
}

impl Limits {
    fn new(capacity: usize) -> Self {
        Self {
            passwords: Buckets::new(PASSWORDS, capacity),
            registrations: Buckets::new(REGISTRATIONS, capacity),
            failures: Buckets::new(FAILURES, capacity),
            streaks: Memory::new(capacity),
            hasher: RandomState::new(),
        }
    }

    /// Counts a failure everywhere, or nowhere if it is too many. Returns how many the account had
    /// in a row before.
    fn reserve(&self, network: IpNet, account: u64, now: Timestamp) -> Result<u32, Refusal> {
        match (self.passwords.take(network, now), self.failures.take((account, network), now)) {
            (Ok(()), Ok(())) => {}
            // A refused attempt costs nothing, and whoever waits as long as they are told is let in.
            (Err(address), Err(failures)) if failures > address => {
                return Err(Refusal::Account(failures));
            }
            (Err(address), Err(_)) => return Err(Refusal::Address(address)),
            (Err(wait), Ok(())) => {
                self.failures.give_back(&(account, network), now);
                return Err(Refusal::Address(wait));
            }
            (Ok(()), Err(wait)) => {
                self.passwords.give_back(&network, now);
                return Err(Refusal::Account(wait));
            }
        }
        let mut streaks = self.streaks.lock();
        let streak = streaks.get_or_insert_mut(account, || 0);
        let before = *streak;
        *streak = before.saturating_add(1);
        Ok(before)
    }

    fn take_back_failure(&self, account: u64) {
        let mut streaks = self.streaks.lock();
        match streaks.peek_mut(&account) {
            Some(streak @ 2..) => *streak -= 1,
            // Kept, it would take the place of one that counts.
            _ => drop(streaks.pop(&account)),
        }
    }
}

#[cfg(test)]
mod tests;
