use std::fmt;
use std::num::NonZeroU32;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::kdf::{Kdf, Prf};

/// A stored password hash: our own, or one that was imported from another system. It serves to
/// verify. The store keeps the original text.
#[derive(Clone)]
pub struct StoredHash {
    pub(super) kdf: Kdf,
    pub(super) salt: Vec<u8>,
    pub(super) key: Vec<u8>,
    /// Whether the hash is of the password as it was typed, without OpaqueString.
    pub(super) is_foreign: bool,
}

impl StoredHash {
    /// Whether `key` is the stored one. Compares in constant time.
    pub(super) fn matches(&self, key: &[u8]) -> bool {
        verify_slices_are_equal(&self.key, key).is_ok()
    }

    /// Whether another system made it, or new hashes cost more.
    pub(super) fn is_outdated(&self, iterations: NonZeroU32) -> bool {
        self.is_foreign || !matches!(self.kdf, Kdf::Pbkdf2(Prf::Sha256, own) if own >= iterations)
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredHash").field("kdf", &self.kdf).finish_non_exhaustive()
    }
}
