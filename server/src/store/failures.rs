use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;

/// How fast the failures of an account at an address are forgotten.
#[derive(Clone, Copy, Debug)]
pub struct FailureQuota {
    /// How many there may be at once.
    pub at_once: i64,
    /// After how many milliseconds one is forgotten.
    pub refill_ms: i64,
}

/// What all servers together know of an account.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Failures {
    /// Failures since the last success.
    pub in_a_row: u32,
    /// When those at the address are all forgotten, in milliseconds since 1970. None if they are.
    pub forgotten_at: Option<i64>,
}

/// The failed attempts on accounts, counted by all servers on one database together. An account is
/// the key of a name, and an address a network as text; only keyed hashes of them are kept.
#[async_trait]
pub trait SharedFailures: fmt::Debug + Send + Sync {
    /// The failures of an account, and of the account at an address.
    async fn of(&self, account: &str, address: &str) -> Result<Failures, StoreError>;

    /// Counts one more.
    async fn add(
        &self,
        account: &str,
        address: &str,
        quota: FailureQuota,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Forgets the failures in a row, and those at the address if one is given.
    async fn clear(&self, account: &str, address: Option<&str>) -> Result<(), StoreError>;
}
