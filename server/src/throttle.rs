//! Who may try how often: bounds the guessing of passwords without letting anyone lock somebody
//! else out.
//!
//! | what is counted | by | at once | and then |
//! |---|---|---|---|
//! | password attempts of all kinds | address | 20 | 20 a minute |
//! | registrations | address | 30 | 30 a minute |
//! | failed attempts; a success clears them | account and address | 20 | one in 30 s |
//! | failures in a row; a success clears them | account | 100 | from known addresses only |
//! | failed attempts of all kinds | IPv6 /56 | 160 | 160 a minute |
//! | failed attempts of all kinds | IPv6 /48 | 640 | 640 a minute |
//! | registrations | IPv6 /56 | 240 | 240 a minute |
//! | registrations | IPv6 /48 | 960 | 960 a minute |
//!
//! Nobody can spend what belongs to another person: who was signed in at an address before can go
//! on there, whatever others do elsewhere. An account counts by its name, so one that does not
//! exist is treated like one that does.
//!
//! Addresses count by [`network`], and those of IPv6 by
//! [`wider_networks`](crate::client::wider_networks) as well, since many of these networks belong
//! to one customer of a provider. There only failures count, so that a network whose users know
//! their passwords never meets that bound. An attempt counts from when it begins, so that many at
//! once can't all pass because none of them has failed yet; one that is refused costs nothing. Each
//! table forgets the longest unused of more than 100,000 keys, or 10,000 of the wider networks;
//! full, they take 50 MB together. To make them forget an account's failures takes 100,000 other
//! failures. A restart forgets everything.

mod buckets;
mod memory;
mod retry_after;
mod wide;

pub(crate) use retry_after::RetryAfter;

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
use wide::Wide;

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
        let account = limits.hasher.hash_one(account);
        let reserved = limits.reserve(address, account, self.clock.now());
        let failed_before = reserved.map_err(|refusal| self.refused(refusal))?;
        let network = network(address);
        let reserved = Reserved { limits, clock: &self.clock, address, network, account };
        let attempt = Attempt(Some(reserved));
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
        let taken = limits.count_registration(address, self.clock.now());
        taken.map_err(|refusal| self.refused(refusal))
    }

    /// Counts an attempt that names no account, such as a password reset by a token. It shares the
    /// address's password attempts.
    ///
    /// # Errors
    ///
    /// If there were too many from the address.
    pub fn anonymous(&self, address: IpAddr) -> Result<(), RetryAfter> {
        let Some(limits) = &self.limits else { return Ok(()) };
        let taken = limits.count_anonymous(address, self.clock.now());
        taken.map_err(|refusal| self.refused(refusal))
    }

    fn refused(&self, refusal: Refusal) -> RetryAfter {
        let (counter, wait) = match refusal {
            Refusal::Address(wait) => (&self.refusals.passwords, wait),
            Refusal::Account(wait) => (&self.refusals.failures, wait),
            Refusal::Registrations(wait) => (&self.refusals.registrations, wait),
            Refusal::Prefix(wait) => (&self.refusals.prefix, wait),
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

/// An attempt that was let through. Dropped, it counts for the address, which may have caused the
/// work. It does not count for the account: who hangs up before the answer has learned nothing, and
/// must not use up an account's failures without a trace.
#[must_use = "say how it ended; dropped, it counts for the address alone"]
#[derive(Debug)]
pub struct Attempt<'a>(Option<Reserved<'a>>);

#[derive(Debug)]
struct Reserved<'a> {
    limits: &'a Limits,
    clock: &'a Clock,
    address: IpAddr,
    network: IpNet,
    account: u64,
}

impl Attempt<'_> {
    /// The password was right: the account's failures in a row, and those from this address, are
    /// over.
    pub fn succeeded(mut self) {
        if let Some(Reserved { limits, clock, address, network, account }) = self.0.take() {
            limits.wide_failures.give_back(address, clock.now());
            limits.failures.forget(&(account, network));
            limits.streaks.forget(&account);
        }
    }

    /// The password was wrong, and the client learns that.
    pub fn failed(mut self) {
        self.0.take();
    }

    /// No password was tried, say because the hashing queue was full: nothing was spent.
    pub fn withdraw(mut self) {
        if let Some(reserved) = self.0.take() {
            let (limits, now) = (reserved.limits, reserved.clock.now());
            limits.passwords.give_back(&reserved.network, now);
            limits.wide_failures.give_back(reserved.address, now);
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
    /// Password attempts of an address.
    Address(RetryAfter),
    /// Failures of an account at an address.
    Account(RetryAfter),
    /// Registrations of an address.
    Registrations(RetryAfter),
    /// What a wider network has in all.
    Prefix(RetryAfter),
}

impl Refusal {
    fn wait(self) -> RetryAfter {
        match self {
            Self::Address(wait)
            | Self::Account(wait)
            | Self::Registrations(wait)
            | Self::Prefix(wait) => wait,
        }
    }
}

#[derive(Debug)]
struct Limits {
    passwords: Buckets<IpNet>,
    registrations: Buckets<IpNet>,
    failures: Buckets<(u64, IpNet)>,
    /// Failed attempts by the wider networks of an address.
    wide_failures: Wide,
    /// Registrations by them.
    wide_registrations: Wide,
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
            wide_failures: Wide::new(PASSWORDS, capacity / 10),
            wide_registrations: Wide::new(REGISTRATIONS, capacity / 10),
            streaks: Memory::new(capacity),
            hasher: RandomState::new(),
        }
    }

    /// Counts a failure everywhere, or nowhere if it is too many. Returns how many the account had
    /// in a row before.
    fn reserve(&self, address: IpAddr, account: u64, now: Timestamp) -> Result<u32, Refusal> {
        let network = network(address);
        let passwords = self.passwords.take(network, now).map_err(Refusal::Address);
        let failures = self.failures.take((account, network), now).map_err(Refusal::Account);
        let wide = self.wide_failures.take(address, now).map_err(Refusal::Prefix);
        // Whoever waits as long as they are told is let in.
        let refusals = [wide.err(), failures.err(), passwords.err()].into_iter().flatten();
        if let Some(refusal) = refusals.max_by_key(|refusal| refusal.wait()) {
            // A refused attempt costs nothing.
            if passwords.is_ok() {
                self.passwords.give_back(&network, now);
            }
            if failures.is_ok() {
                self.failures.give_back(&(account, network), now);
            }
            if wide.is_ok() {
                self.wide_failures.give_back(address, now);
            }
            return Err(refusal);
        }
        let mut streaks = self.streaks.lock();
        let streak = streaks.get_or_insert_mut(account, || 0);
        let before = *streak;
        *streak = before.saturating_add(1);
        Ok(before)
    }

    /// Counts an attempt that names no account. It counts as a failure, whatever comes of it.
    fn count_anonymous(&self, address: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        let network = network(address);
        self.passwords.take(network, now).map_err(Refusal::Address)?;
        self.wide_failures.take(address, now).map_err(|wait| {
            self.passwords.give_back(&network, now);
            Refusal::Prefix(wait)
        })
    }

    fn count_registration(&self, address: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        let network = network(address);
        self.registrations.take(network, now).map_err(Refusal::Registrations)?;
        self.wide_registrations.take(address, now).map_err(|wait| {
            self.registrations.give_back(&network, now);
            Refusal::Prefix(wait)
        })
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
