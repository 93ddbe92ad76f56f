use std::fmt;
use std::num::NonZeroU32;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::kdf::{Kdf, Prf};
use super::{foreign, phc};

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
    /// Reads a hash in any of these formats; what stands between `$` is text in the foreign ones:
    ///
    /// - our own: the PHC string `$pbkdf2-sha256$i=600000,l=32$salt$key`
    /// - Werkzeug: `pbkdf2:sha256:iterations$salt$hex`, also with `sha1` and `sha512`, and
    ///   `scrypt:N:r:p$salt$hex`
    /// - Django: `pbkdf2_sha256$iterations$salt$base64`
    ///
    /// # Errors
    ///
    /// Says what is wrong without a word of the hash: an unknown format, a part that is missing or
    /// damaged, or parameters with which one verification would stall the server.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        if text.starts_with('$') { phc::parse(text) } else { foreign::parse(text) }
    }

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
