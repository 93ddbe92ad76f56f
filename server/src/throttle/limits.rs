use std::hash::RandomState;
use std::net::IpAddr;
use std::num::NonZeroU32;

use ipnet::IpNet;
use jiff::Timestamp;

use super::buckets::{Buckets, Quota};
use super::memory::Memory;
use super::retry_after::RetryAfter;
use super::shared::Shared;
use super::wide::Wide;
use crate::client::network;

const PASSWORDS: Quota = Quota { at_once: 20, refill_ms: 3_000 };
const REGISTRATIONS: Quota = Quota { at_once: 30, refill_ms: 2_000 };
const QUESTIONS: Quota = Quota { at_once: 60, refill_ms: 1_000 };
pub(super) const FAILURES: Quota = Quota { at_once: 20, refill_ms: 30_000 };

/// The limit that an attempt has reached, and how long to wait.
#[derive(Clone, Copy)]
pub(super) enum Refusal {
    /// Password attempts of an address.
    Address(RetryAfter),
    /// Failures of an account at an address.
    Account(RetryAfter),
    /// Registrations of an address.
    Registrations(RetryAfter),
    /// Questions for passkeys of an address.
    Questions(RetryAfter),
    /// Wrong secrets of OAuth clients at an address.
    Clients(RetryAfter),
    /// Attempts of a wider network.
    Prefix(RetryAfter),
}

impl Refusal {
    fn wait(self) -> RetryAfter {
        match self {
            Self::Address(wait)
            | Self::Account(wait)
            | Self::Registrations(wait)
            | Self::Questions(wait)
            | Self::Clients(wait)
            | Self::Prefix(wait) => wait,
        }
    }
}

/// The tables of what was counted.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) passwords: Buckets<IpNet>,
    pub(super) registrations: Buckets<IpNet>,
    /// They guess nothing, so fewer addresses are remembered.
    questions: Buckets<IpNet>,
    /// Wrong secrets of OAuth clients.
    clients: Buckets<IpNet>,
    pub(super) failures: Buckets<(u64, IpNet)>,
    /// Failed attempts, by wider network.
    pub(super) wide_failures: Wide,
    /// Registrations, by wider network.
    wide_registrations: Wide,
    /// Failures in a row, by account.
    pub(super) streaks: Memory<u64, u32>,
    /// What all servers count together; then `failures` and `streaks` hold only what is not there
    /// yet.
    pub(super) shared: Option<Shared>,
    /// Accounts are stored as hashes, so that names of any length take the same memory. The hash
    /// has a random key, so nobody can look for names with equal hashes.
    pub(super) hasher: RandomState,
}

impl Limits {
    /// Empty tables. Of what an address may do, each of `nodes` servers allows its part.
    pub(super) fn new(capacity: usize, nodes: NonZeroU32, shared: Option<Shared>) -> Self {
        let (passwords, registrations) = (PASSWORDS.part(nodes), REGISTRATIONS.part(nodes));
        Self {
            passwords: Buckets::new(passwords, capacity),
            registrations: Buckets::new(registrations, capacity),
            questions: Buckets::new(QUESTIONS.part(nodes), capacity / 10),
            clients: Buckets::new(QUESTIONS.part(nodes), capacity / 10),
            failures: Buckets::new(FAILURES, capacity),
            wide_failures: Wide::new(passwords, capacity / 10),
            wide_registrations: Wide::new(registrations, capacity / 10),
            streaks: Memory::new(capacity),
            shared,
            hasher: RandomState::new(),
        }
    }

    /// Counts a failure for all limits, or for none if one is reached. Returns how many failures in
    /// a row the account had before.
    pub(super) fn reserve(
        &self,
        address: IpAddr,
        account: u64,
        now: Timestamp,
    ) -> Result<u32, Refusal> {
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
    pub(super) fn count_anonymous(&self, address: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        let network = network(address);
        self.passwords.take(network, now).map_err(Refusal::Address)?;
        self.wide_failures.take(address, now).map_err(|wait| {
            self.passwords.give_back(&network, now);
            Refusal::Prefix(wait)
        })
    }

    pub(super) fn count_question(&self, address: IpAddr, now: Timestamp) -> Result<(), Refusal> {
        self.questions.take(network(address), now).map_err(Refusal::Questions)
    }

    pub(super) fn count_client_failure(
        &self,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.clients.take(network(address), now).map_err(Refusal::Clients)
    }

    pub(super) fn count_registration(
        &self,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let network = network(address);
        self.registrations.take(network, now).map_err(Refusal::Registrations)?;
        self.wide_registrations.take(address, now).map_err(|wait| {
            self.registrations.give_back(&network, now);
            Refusal::Prefix(wait)
        })
    }

    /// Takes back a failure that was counted, at the address and in a row.
    pub(super) fn give_back_failure(&self, account: u64, network: IpNet, now: Timestamp) {
        self.failures.give_back(&(account, network), now);
        self.take_back_failure(account);
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
