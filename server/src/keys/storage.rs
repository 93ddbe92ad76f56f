use std::fmt;

use hallpass_contract::Secret;
use jiff::Timestamp;

use super::contents::{Contents, OtherKeys};
use super::keyset::KeySet;

/// The version of keys that are not stored yet.
pub(super) const NOT_STORED: u64 = 0;

/// Where the keys are stored. Each method blocks.
pub(super) trait Storage: fmt::Debug + Send + Sync {
    /// Loads the keys.
    fn load(&self, secret: Option<&Secret>, now: Timestamp) -> anyhow::Result<Loaded>;

    /// The version of the keys that are stored by now.
    fn version(&self) -> anyhow::Result<u64>;

    /// Stores the keys and returns their version, once they survive a power cut and every server
    /// has them. None if others have replaced the old keys meanwhile; then nothing has changed.
    fn replace(&self, replacement: &Replacement) -> anyhow::Result<Option<u64>>;
}

/// The keys that are stored.
pub(super) struct Loaded {
    /// [`NOT_STORED`] if there are none, or if they are stored in an earlier form.
    pub(super) version: u64,
    /// None at the very first start.
    pub(super) keys: Option<KeySet>,
    pub(super) others: OtherKeys,
}

/// New keys for old ones.
pub(super) struct Replacement {
    /// The old ones'.
    pub(super) version: u64,
    pub(super) old: Contents,
    pub(super) new: Contents,
}
