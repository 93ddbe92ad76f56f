//! Limits how often somebody may try: bounds password guessing without letting anyone lock out
//! somebody else.
//!
//! | what is counted | by | at once | and then |
//! |---|---|---|---|
//! | password attempts of all kinds | address | 20 | 20 a minute |
//! | registrations | address | 30 | 30 a minute |
//! | questions for passkeys, before a sign-in | address | 60 | 60 a minute |
//! | wrong secrets of OAuth clients | address | 60 | 60 a minute |
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
//! Each table holds 100,000 keys, or 10,000 of questions, of clients and of the wider networks.
//! Beyond that it forgets the longest unused ones. Full tables take 50 MB together. To make them
//! forget an account's failures takes 100,000 other failures. A restart forgets everything.

//!
//! Of several servers on one database, each counts addresses for itself and admits its part of them
//! (`--nodes`). Failures by account they count together: each looks before an attempt, and notes a
//! failure after the answer. So attempts that are under way at other servers are not seen yet.

mod attempt;
mod buckets;
mod limits;
mod memory;
mod retry_after;
mod shared;
mod wide;

pub(crate) use attempt::Attempt;
pub(crate) use retry_after::RetryAfter;

use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::client::network;
use crate::clock::Clock;
use crate::metrics::Throttled;
use crate::store::SharedFailures;
use attempt::Reserved;
use limits::{FAILURES, Limits, Refusal};
use shared::Shared;

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
    limits: Option<Arc<Limits>>,
}

/// What a throttle admits.
#[derive(Clone, Debug)]
pub struct ThrottleSettings {
    /// Otherwise it admits everything.
    pub enabled: bool,
    /// Among how many servers the attempts of an address are divided.
    pub nodes: NonZeroU32,
    /// Where they count failures by account together.
    pub shared: Option<Arc<dyn SharedFailures>>,
}

impl Throttle {
    /// A throttle that has counted nothing.
    pub fn new(settings: ThrottleSettings, clock: Clock, refusals: Throttled) -> Self {
        let ThrottleSettings { enabled, nodes, shared } = settings;
        let limits = || Arc::new(Limits::new(CAPACITY, nodes, shared.map(Shared)));
        Self { clock, refusals, limits: enabled.then(limits) }
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
        let name = account;
        let (account, network) = (limits.hasher.hash_one(name), network(address));
        let now = self.clock.now();
        let reserved = limits.reserve(address, account, now);
        let mut failed_before = reserved.map_err(|refusal| self.refused(refusal))?;
        let clock = &self.clock;
        let mut reserved = Reserved {
            limits,
            clock,
            address,
            network,
            account,
            shared_as: None,
            failed_before: false,
        };
        if let Some(shared) = &limits.shared {
            // Before the others are asked: what is written meanwhile counts twice, not never.
            let unwritten_ms = limits.failures.taken_ms(&(account, network), now);
            let known = shared.of(name, &network.to_string()).await;
            if let Err(wait) = known.admits(FAILURES, unwritten_ms, now) {
                Attempt(Some(reserved)).withdraw();
                return Err(self.refused(Refusal::Account(wait)).into());
            }
            reserved.shared_as = Some(name.to_owned());
            reserved.failed_before = known.is_something() || failed_before > 0;
            failed_before = failed_before.saturating_add(known.in_a_row());
        }
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

    /// Counts a question for a passkey. Pages ask before anybody has decided to sign in, so it is
    /// no attempt.
    ///
    /// # Errors
    ///
    /// If there were too many from the address.
    pub fn question(&self, address: IpAddr) -> Result<(), RetryAfter> {
        let Some(limits) = &self.limits else { return Ok(()) };
        let taken = limits.count_question(address, self.clock.now());
        taken.map_err(|refusal| self.refused(refusal))
    }

    /// Counts a wrong secret of an OAuth client. A right one is not counted, and never refused.
    ///
    /// # Errors
    ///
    /// If there were too many from the address.
    pub fn client_failure(&self, address: IpAddr) -> Result<(), RetryAfter> {
        let Some(limits) = &self.limits else { return Ok(()) };
        let taken = limits.count_client_failure(address, self.clock.now());
        taken.map_err(|refusal| self.refused(refusal))
    }

    fn refused(&self, refusal: Refusal) -> RetryAfter {
        let (counter, wait) = match refusal {
            Refusal::Address(wait) => (&self.refusals.passwords, wait),
            Refusal::Account(wait) => (&self.refusals.failures, wait),
            Refusal::Registrations(wait) => (&self.refusals.registrations, wait),
            Refusal::Questions(wait) => (&self.refusals.questions, wait),
            Refusal::Clients(wait) => (&self.refusals.clients, wait),
            Refusal::Prefix(wait) => (&self.refusals.prefix, wait),
        };
        counter.inc();
        wait
    }

    /// Forgets an account's failures in a row after its password was reset. Guesses at the old
    /// password say nothing about the new one.
    pub async fn forgive(&self, account: &str) {
        let Some(limits) = &self.limits else { return };
        limits.streaks.forget(&limits.hasher.hash_one(account));
        if let Some(shared) = &limits.shared {
            shared.clear(account, None).await;
        }
    }
}

#[cfg(test)]
mod tests;
