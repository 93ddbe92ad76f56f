use std::fmt;
use std::num::NonZeroU32;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::kdf::{Kdf, Prf};

/// A password hash as the store keeps it: one of our own, or one that another system made and that
/// was imported. It is only for verifying; the text it was read from is what stays stored.
#[derive(Clone)]
pub struct StoredHash {
    pub(super) kdf: Kdf,
    pub(super) salt: Vec<u8>,
    pub(super) key: Vec<u8>,
    /// Made over the password as it was typed, before OpaqueString.
    pub(super) is_foreign: bool,
}

impl StoredHash {
    /// Whether `key` is the stored one, in a time that does not depend on where they differ.
    pub(super) fn matches(&self, key: &[u8]) -> bool {
        verify_slices_are_equal(&self.key, key).is_ok()
    }

    /// Whether it is not what the password would be hashed to today.
    pub(super) fn is_outdated(&self, iterations: NonZeroU32) -> bool {
        self.is_foreign || !matches!(self.kdf, Kdf::Pbkdf2(Prf::Sha256, own) if own >= iterations)
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredHash").field("kdf", &self.kdf).finish_non_exhaustive()
    }
}
