use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::buckets::Quota;
use super::retry_after::RetryAfter;
use crate::store::{FailureQuota, Failures, SharedFailures};

/// The failures of accounts that all servers count together. The tables in memory then hold only
/// those attempts of this server that are under way or not written yet.
#[derive(Clone, Debug)]
pub(super) struct Shared(pub(super) Arc<dyn SharedFailures>);

/// What the servers have counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known(Failures);

impl Known {
    pub(super) fn in_a_row(self) -> u32 {
        self.0.in_a_row
    }

    /// Whether a success has something to clear.
    pub(super) fn is_something(self) -> bool {
        self.0 != Failures::default()
    }

    /// Whether there may be one more failure at the address, beside those that take this long to
    /// be forgotten and are not written yet.
    pub(super) fn admits(
        self,
        quota: Quota,
        unwritten_ms: i64,
        now: Timestamp,
    ) -> Result<(), RetryAfter> {
        let full_ms = quota.at_once * quota.refill_ms;
        let forgotten_at = self.0.forgotten_at.unwrap_or(i64::MIN);
        // A later time is left from before the clock was set back.
        let written_ms = forgotten_at.saturating_sub(now.as_millisecond()).clamp(0, full_ms);
        let surplus_ms = (written_ms + unwritten_ms).saturating_sub(full_ms);
        if surplus_ms > 0 {
            return Err(RetryAfter(Duration::from_millis(surplus_ms.unsigned_abs())));
        }
        Ok(())
    }
}

impl Shared {
    /// What is known. Nothing if the database does not answer: then no password can be checked.
    pub(super) async fn of(&self, account: &str, address: &str) -> Known {
        let known = self.0.of(account, address).await;
        Known(known.unwrap_or_else(|error| {
            tracing::warn!("failed logins on other servers don't count now: {error:#}");
            Failures::default()
        }))
    }

    /// Counts a failure, and says whether it is written.
    pub(super) async fn add(
        &self,
        account: &str,
        address: &str,
        quota: Quota,
        now: Timestamp,
    ) -> bool {
        let Quota { at_once, refill_ms } = quota;
        let added = self.0.add(account, address, FailureQuota { at_once, refill_ms }, now).await;
        if let Err(error) = &added {
            tracing::warn!("a failed login counts on this server alone: {error:#}");
        }
        added.is_ok()
    }

    /// Forgets what a success clears; without an address, the failures in a row alone.
    pub(super) async fn clear(&self, account: &str, address: Option<&str>) {
        if let Err(error) = self.0.clear(account, address).await {
            tracing::warn!("failed logins still count: {error:#}");
        }
    }
}
