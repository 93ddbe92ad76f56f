use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::limits::{FAILURES, Limits};
use crate::clock::Clock;

/// An attempt that was admitted. If it is dropped, it counts for the address, which may have caused
/// work. It does not count for the account: a client that hangs up before the answer has learned
/// nothing, and must not use up an account's failures without a trace.
#[must_use = "say how it ended; dropped, it counts for the address alone"]
#[derive(Debug)]
pub struct Attempt<'a>(pub(super) Option<Reserved<'a>>);

/// What an attempt has counted.
#[derive(Debug)]
pub(super) struct Reserved<'a> {
    pub(super) limits: &'a Arc<Limits>,
    pub(super) clock: &'a Clock,
    pub(super) address: IpAddr,
    pub(super) network: IpNet,
    pub(super) account: u64,
    /// The account's name among all servers, if they count together.
    pub(super) shared_as: Option<String>,
    /// Whether they have counted failures.
    pub(super) failed_before: bool,
}

impl Attempt<'_> {
    /// The password was right. Clears the account's failures in a row, and those from this address.
    pub fn succeeded(mut self) {
        let Some(reserved) = self.0.take() else { return };
        let Reserved { limits, clock, address, network, account, .. } = reserved;
        limits.wide_failures.give_back(address, clock.now());
        limits.failures.forget(&(account, network));
        limits.streaks.forget(&account);
        if let (Some(name), true) = (reserved.shared_as, reserved.failed_before)
            && let Some(shared) = limits.shared.clone()
        {
            tokio::spawn(async move { shared.clear(&name, Some(&network.to_string())).await });
        }
    }

    /// The password was right, and a second factor has yet to be shown. It counts as an attempt of
    /// the address, and as nothing else; it clears nothing.
    pub fn half_done(mut self) {
        let Some(reserved) = self.0.take() else { return };
        reserved.limits.wide_failures.give_back(reserved.address, reserved.clock.now());
        reserved.give_back_failure();
    }

    /// The password was wrong, and the client is told so.
    pub fn failed(mut self) {
        let Some(reserved) = self.0.take() else { return };
        let Reserved { limits, network, account, .. } = reserved;
        let (Some(name), Some(shared)) = (reserved.shared_as, limits.shared.clone()) else {
            return;
        };
        let (limits, clock) = (Arc::clone(limits), reserved.clock.clone());
        // It counts in memory until it is written.
        tokio::spawn(async move {
            if shared.add(&name, &network.to_string(), FAILURES, clock.now()).await {
                limits.give_back_failure(account, network, clock.now());
            }
        });
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
        self.limits.give_back_failure(self.account, self.network, self.clock.now());
    }
}
