//! Limits how often somebody may try: bounds password guessing without letting anyone lock out
//! somebody else.
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
//! Nobody can use up another person's attempts. Somebody who was signed in at an address before can
//! still sign in there, whatever happens elsewhere. Accounts count by name, so unknown names are
//! treated like existing accounts.
//!
//! Addresses count by [`network`]. IPv6 addresses also count by
//! [`wider_networks`](crate::client::wider_networks), since one customer of a provider may have
//! many networks. Of the password attempts, only failures count there. So a network whose users
//! know their passwords never reaches that limit.
//!
//! An attempt counts as a failure from its beginning. Otherwise many at once could all pass before
//! any of them fails. A refused attempt costs nothing.
//!
//! Each table holds 100,000 keys, or 10,000 of the wider networks, and forgets the longest unused
//! ones beyond that. Full tables take 50 MB together. To make them forget an account's failures
//! takes 100,000 other failures. A restart forgets everything.

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

/// The most consecutive failures that NIST SP 800-63B-4 section 3.2.2 allows.
const STREAK: u32 = 100;

/// How long clients at unknown addresses have to wait after [`STREAK`] failures.
const UNKNOWN_ADDRESS_WAIT: Duration = Duration::from_secs(60 * 60);

/// The most keys in each table.
const CAPACITY: usize = 100_000;

/// Counts attempts and refuses those beyond the limits.
#[derive(Debug)]
pub struct Throttle {
    clock: Clock,
    refusals: Throttled,
    /// None if everyone may try as often as they like.
    limits: Option<Limits>,
}

impl Throttle {
    /// A throttle that has counted nothing. Unless it is `enabled`, it admits everything.
    pub fn new(enabled: bool, clock: Clock, refusals: Throttled) -> Self {
        Self { clock, refusals, limits: enabled.then(|| Limits::new(CAPACITY)) }
    }

    /// Begins an attempt with a password: login, reauthentication or password change. `account` is
    /// the case-mapped username, or the text as given if no username can be like that. The attempt
    /// counts as a failure until the [`Attempt`] is ended otherwise or dropped.
    ///
    /// `known` says whether somebody was signed in to the account from the address's [`network`]
    /// before. For an account that does not exist it is false. It is polled only if it matters.
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

    /// Counts an attempt that names no account, such as a password reset by a link. It counts as a
    /// password attempt of the address.
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

    /// Forgets an account's failures in a row after its password was reset. Guesses at the old
    /// password say nothing about the new one.
    pub fn forgive(&self, account: &str) {
        if let Some(limits) = &self.limits {
            limits.streaks.forget(&limits.hasher.hash_one(account));
        }
    }
}

/// An attempt that was admitted. If it is dropped, it counts for the address, which may have caused
/// work. It does not count for the account: a client that hangs up before the answer has learned
/// nothing, and must not use up an account's failures without a trace.
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
    /// The password was right. Clears the account's failures in a row, and those from this address.
    pub fn succeeded(mut self) {
        if let Some(Reserved { limits, clock, address, network, account }) = self.0.take() {
            limits.wide_failures.give_back(address, clock.now());
            limits.failures.forget(&(account, network));
            limits.streaks.forget(&account);
        }
    }

    /// The password was wrong, and the client is told so.
    pub fn failed(mut self) {
        self.0.take();
    }

    /// No password was checked, for example because the hashing queue was full. Gives everything
    /// back.
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

/// The limit that an attempt has reached, and how long to wait.
#[derive(Clone, Copy)]
enum Refusal {
    /// Password attempts of an address.
    Address(RetryAfter),
    /// Failures of an account at an address.
    Account(RetryAfter),
    /// Registrations of an address.
    Registrations(RetryAfter),
    /// Attempts of a wider network.
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
    /// Failed attempts, by wider network.
    wide_failures: Wide,
    /// Registrations, by wider network.
    wide_registrations: Wide,
    /// Failures in a row, by account.
    streaks: Memory<u64, u32>,
    /// Accounts are stored as hashes, so that names of any length take the same memory. The hash
    /// has a random key, so nobody can look for names with equal hashes.
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

    /// Counts a failure for all limits, or for none if one is reached. Returns how many failures in
    /// a row the account had before.
    fn reserve(&self, address: IpAddr, account: u64, now: Timestamp) -> Result<u32, Refusal> {
        let network = network(address);
        let passwords = self.passwords.take(network, now).map_err(Refusal::Address);
        let failures = self.failures.take((account, network), now).map_err(Refusal::Account);
        let wide = self.wide_failures.take(address, now).map_err(Refusal::Prefix);
        // The longest wait counts, so that whoever waits for that long is admitted.
        let refusals = [wide.err(), failures.err(), passwords.err()].into_iter().flatten();
        if let Some(refusal) = refusals.max_by_key(|refusal| refusal.wait()) {
            // Takes back what was counted, since a refused attempt costs nothing.
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

    /// Counts an attempt that names no account. It always counts as a failure.
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
            // An entry without failures would take the place of one that counts.
            _ => drop(streaks.pop(&account)),
        }
    }
}

#[cfg(test)]
mod tests;
